"""A real cluster of three masters, of the bundled server's program."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from recsvc.store.bundled.binary import server_binary
from tests.service import free_port, wait_until

N_SLOTS = 16_384
_SLAVE = re.compile(r"slave\d+")


class Cluster:
    """Its nodes, by their ports.

    Attributes:
        url: its address, as a setting has it.
    """

    def __init__(self, folder: Path, *, has_replicas: bool = False) -> None:
        self.folder = folder
        self.masters = [free_port() for _ in range(3)]
        self.replicas = [free_port() for _ in range(3 * has_replicas)]
        self.ports = [*self.masters, *self.replicas]
        self._buses = {port: free_port() for port in self.ports}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        self.url = f"redis+cluster://{hosts}"

    @contextmanager
    def running(self) -> Iterator["Cluster"]:
        try:
            for port in self.ports:
                self._start(port)
            self._join()
            yield self
        finally:
            for process in self._processes.values():
                process.terminate()
            for process in self._processes.values():
                process.wait(20)

    def _start(self, port: int) -> None:
        folder = self.folder / str(port)
        folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": port,
            "cluster-port": self._buses[port],
            "cluster-enabled": "yes",
            "cluster-node-timeout": 1000,
            "appendonly": "yes",
            "save": "",
            "logfile": "log",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._processes[port] = subprocess.Popen([str(server_binary()), *arguments], cwd=folder)

    def _join(self) -> None:
        nodes = {port: redis.Redis(port=port) for port in self.ports}
        wait_until(lambda: all(map(_answers, nodes.values())), "the nodes answer")
        share = N_SLOTS // len(self.masters)
        for n, port in enumerate(self.masters):
            last = N_SLOTS - 1 if port == self.masters[-1] else (n + 1) * share - 1
            nodes[port].execute_command("CLUSTER", "ADDSLOTSRANGE", n * share, last)
            nodes[port].execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for port in self.ports[1:]:
            bus = self._buses[port]
            nodes[self.ports[0]].execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus)
        wait_until(lambda: all(map(self._is_whole, nodes.values())), "the nodes agree", 30)
        for master, replica in zip(self.masters, self.replicas, strict=False):
            known = nodes[master].execute_command("CLUSTER", "MYID")
            nodes[replica].execute_command("CLUSTER", "REPLICATE", known)
        for replica in self.replicas:
            wait_until(lambda r=replica: _is_following(nodes[r]), "a replica follows", 30)
        for node in nodes.values():
            node.close()

    def kill(self, port: int) -> None:
        """`kill -9` of a node."""
        self._processes[port].kill()
        self._processes[port].wait()

    def revive(self, port: int) -> None:
        """Start a node again, and wait until it follows whoever stands in for it."""
        self._start(port)
        with redis.Redis(port=port) as node:
            wait_until(lambda: _answers(node) and _is_following(node), "it follows", 30)

    def holder(self, key: str) -> int:
        """The port of the master that holds a key."""
        return next(port for first, last, port in self._slots() if first <= self._slot(key) <= last)

    @contextmanager
    def without_replicas(self, port: int) -> Iterator[None]:
        """Meanwhile the replicas of a master stand still."""
        with redis.Redis(port=port) as node:
            followers = [
                one["port"]
                for name, one in node.info("replication").items()
                if _SLAVE.fullmatch(name)
            ]
        still = [self._processes[follower] for follower in followers]
        for process in still:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in still:
                process.send_signal(signal.SIGCONT)

    def move(self, key: str) -> None:
        """Move the slot of a key, and all keys in it, to another master."""
        slot, source = self._slot(key), self.holder(key)
        masters = sorted({port for _, _, port in self._slots()})
        target = next(port for port in masters if port != source)
        nodes = {port: redis.Redis(port=port) for port in masters}
        ids = {port: node.execute_command("CLUSTER", "MYID") for port, node in nodes.items()}
        nodes[target].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        nodes[source].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        while held := nodes[source].execute_command("CLUSTER", "GETKEYSINSLOT", slot, 20):
            to = ("127.0.0.1", target, "", 0, 5000)
            nodes[source].execute_command("MIGRATE", *to, "KEYS", *held)
        for port in (target, source, *masters):
            nodes[port].execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
        for node in nodes.values():
            node.close()

    def _slots(self) -> list[tuple[int, int, int]]:
        """First slot, last slot, and the port of their master, for each stretch."""
        with redis.Redis(port=self._any_alive()) as node:
            found = node.execute_command("CLUSTER", "SLOTS")
        return [(first, last, master[1]) for first, last, master, *_ in found]

    def _any_alive(self) -> int:
        return next(port for port, process in self._processes.items() if process.poll() is None)

    def _slot(self, key: str) -> int:
        with redis.Redis(port=self._any_alive()) as node:
            return int(node.execute_command("CLUSTER", "KEYSLOT", key))

    def _is_whole(self, node: redis.Redis) -> bool:
        said = node.execute_command("CLUSTER", "INFO").decode()
        return "cluster_state:ok" in said and f"cluster_known_nodes:{len(self.ports)}\r" in said


def _answers(node: redis.Redis) -> bool:
    try:
        return bool(node.ping())
    except redis.ConnectionError:
        return False


def _is_following(node: redis.Redis) -> bool:
    return bool(node.info("replication").get("master_link_status") == "up")
