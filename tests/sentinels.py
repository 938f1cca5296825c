"""A real primary, its replica, and three sentinels that watch them, of the bundled server's program."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from recsvc.store.bundled.binary import server_binary
from tests.service import free_port, wait_until

NAME = "main"
_WATCH = """
port {port}
dir {folder}
sentinel monitor {name} 127.0.0.1 {primary} 2
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 3000
"""


class Watched:
    """Two servers of which sentinels say who is primary.

    Attributes:
        url: its address, as a setting has it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = [free_port(), free_port()]
        self.sentinels = [free_port() for _ in range(3)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        self.url = f"redis+sentinel://{hosts}/{NAME}"

    @contextmanager
    def running(self) -> Iterator["Watched"]:
        primary, replica = self.servers
        try:
            self._serve(primary)
            self._serve(replica, "--replicaof", f"127.0.0.1 {primary}")
            wait_until(lambda: self._has_replica(primary), "a replica follows", 30)
            for port in self.sentinels:
                self._watch(port, primary)
            wait_until(lambda: all(map(self._is_watching, self.sentinels)), "they agree", 30)
            yield self
        finally:
            for process in self._processes.values():
                process.terminate()
            for process in self._processes.values():
                process.wait(20)

    def primary(self) -> int:
        """The port of whom the sentinels name."""
        with redis.Redis(port=self.sentinels[0], decode_responses=True) as sentinel:
            found = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(found[1])

    def kill_primary(self) -> None:
        """`kill -9` of the primary; returns once the other is."""
        former = self.primary()
        self._processes[former].kill()
        self._processes[former].wait()
        wait_until(lambda: self.primary() != former, "another is primary", 30)

    def change_places(self) -> None:
        """Make the replica primary and the primary its replica; both live on."""
        former = self.primary()
        with redis.Redis(port=self.sentinels[0]) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", NAME)
        wait_until(lambda: self.primary() != former, "another is primary", 30)
        wait_until(lambda: self._has_replica(self.primary()), "the former primary follows", 60)

    def _serve(self, port: int, *more: str) -> None:
        folder = self.folder / str(port)
        folder.mkdir(parents=True)
        options = ["--port", str(port), "--appendonly", "yes", "--save", "", *more]
        command = [str(server_binary()), *options, "--logfile", "log"]
        self._processes[port] = subprocess.Popen(command, cwd=folder)

    def _watch(self, port: int, primary: int) -> None:
        folder = self.folder / str(port)
        folder.mkdir(parents=True)
        file = folder / "sentinel.conf"
        file.write_text(_WATCH.format(port=port, folder=folder, name=NAME, primary=primary))
        command = [str(server_binary()), str(file), "--sentinel", "--logfile", "log"]
        self._processes[port] = subprocess.Popen(command, cwd=folder)

    def _has_replica(self, port: int) -> bool:
        try:
            with redis.Redis(port=port) as server:
                told = server.info("replication")
        except redis.ConnectionError:
            return False
        return told["role"] == "master" and told.get("slave0", {}).get("state") == "online"

    def _is_watching(self, port: int) -> bool:
        try:
            with redis.Redis(port=port, decode_responses=True) as sentinel:
                told = sentinel.execute_command("SENTINEL", "MASTER", NAME)
        except redis.ConnectionError:
            return False
        known = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))
        return (int(known["num-slaves"]), int(known["num-other-sentinels"])) == (1, 2)
