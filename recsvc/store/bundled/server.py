"""The server: a Valkey as a child process, its data under the data folder.

It listens on a unix socket only, logs every write (append-only file) and dies with its parent, by
SIGTERM from the kernel on Linux. It holds a lock on its files for as long as it lives, inherited when
it is started: whoever takes the folder next sees by that lock whether a server outlived its parent,
shuts it down, and starts none while it lives. How long a start may take is not limited, since a large
log takes its time: a second server beside the first would be worse than any wait.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from recsvc.errors import StoreError, StoreUnavailableError
from recsvc.store.bundled.binary import server_binary
from recsvc.store.bundled.causes import Cause, StoreDownError, down, explain, probe
from recsvc.store.bundled.folder import socket_path
from recsvc.store.bundled.manifest import parts_of
from recsvc.store.bundled.mending import mend
from recsvc.store.connection import connect, is_answering, translated
from recsvc.store.privacy import check_own

log = structlog.get_logger()

_SLOW_S = 5.0
_STOP_S = 20.0
_SAID_BYTES = 8_192
_LOG_BYTES = 4 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


def _say_nothing(_: str) -> None:
    return


class BundledStore:
    """A Valkey server on a data folder that the caller has locked."""

    def __init__(self, data_dir: Path, durability: str) -> None:
        self._folder = data_dir.resolve() / "store"
        self._socket = socket_path(data_dir)
        self._durability = durability
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"unix://{self._socket}"

    @property
    def is_running(self) -> bool:
        """Whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The server's process id."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the server ended; None while it lives."""
        return None if self._process is None else self._process.poll()

    async def start(self, on_slow: Callable[[str], None] = _say_nothing) -> None:
        """Start the server and wait until it answers, its log mended first if need be.

        Args:
            on_slow: is told, once, that it takes longer than usual and why.

        Raises:
            StoreDownError: when it does not come up; says why.
        """
        probe(self._folder)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_own(self._socket.parent)
        lock = await self._own_files()
        try:
            parts_of(self._folder)
            self._socket.unlink(missing_ok=True)
            if await self._launch(lock, on_slow):
                return
            reason = self._reason()
            is_mended = reason.cause is Cause.DAMAGED and await asyncio.to_thread(
                mend, self._folder
            )
            if not is_mended:
                raise reason
            if not await self._launch(lock, on_slow):
                raise self._reason()
        except BaseException:
            await self.stop()
            raise
        finally:
            os.close(lock)  # the server has its own

    async def stop(self) -> None:
        """Stop the server, which syncs first what its log has not synced yet (`everysec`)."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    async def ended(self, within_s: float) -> bool:
        """Wait until the server has ended, for a while; return whether it has."""
        if self._process is not None:
            await _ended(self._process, within_s)
        return not self.is_running

    def bound_log(self) -> None:
        """Keep of what the server says two files of a few megabytes: it appends, wherever the end is."""
        path = self._folder / "valkey.log"
        with contextlib.suppress(OSError):
            if path.stat().st_size > _LOG_BYTES:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)

    async def _launch(self, lock: int, on_slow: Callable[[str], None]) -> bool:
        """Start the server; return whether it answers, or False when it has ended."""
        self.bound_log()
        with (self._folder / "valkey.log").open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [str(server_binary()), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, who stop it last
                pass_fds=[lock],
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        os.pwrite(lock, f"{self._process.pid:<10}".encode(), 0)
        slow_s = time.monotonic() + _SLOW_S
        while self.is_running:
            if self._socket.exists() and await self._is_ready():
                return True
            if time.monotonic() > slow_s:
                slow_s = float("inf")
                on_slow(self._slowness())
            await asyncio.sleep(0.02)
        return False

    def _slowness(self) -> str:
        files = (self._folder / "appendonlydir").glob("*")
        size_mb = sum(file.stat().st_size for file in files) / 1e6
        return (
            f"the bundled store is starting: it reads its log of {size_mb:.0f} MB (process {self.pid}); "
            "it answers when it has"
        )

    async def _is_ready(self) -> bool:
        client = connect(self.url, timeout_s=2.0)
        try:
            with translated():
                await client.ping()
        except StoreUnavailableError:
            return False
        finally:
            await client.aclose()
        return True

    def _options(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "600",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": self._durability,
            # It would cut from the first damage to the end, and keep nothing: see `mending`.
            "aof-load-truncated": "no",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    async def _own_files(self) -> int:
        """Return an open, locked file for the server to inherit: it proves that no other one lives.

        Raises:
            StoreDownError: when one does, and does not end.
        """
        lock = os.open(self._folder / "server.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if not _took(lock) or _is_listening(self._socket):
                await self._end_orphan(lock)
        except BaseException:
            os.close(lock)
            raise
        return lock

    async def _end_orphan(self, lock: int) -> None:
        """Shut down a server that outlived its parent: the folder is ours, so it is nobody's."""
        pid = None if _took(lock) else int(os.pread(lock, 10, 0) or 0)
        log.warning("orphaned_store_found", socket=str(self._socket), pid=pid)
        if await is_answering(self.url):
            await self._ask_to_end()
        elif pid:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)  # one that was stopped hears nothing else
        deadline = time.monotonic() + _STOP_S
        while not _took(lock) or _is_listening(self._socket):
            if time.monotonic() > deadline:
                raise down(Cause.IN_USE, self._folder, f"process {pid or 'unknown'}")
            await asyncio.sleep(0.05)

    async def _ask_to_end(self) -> None:
        client = connect(self.url)
        try:
            with translated():
                await client.shutdown(nosave=True)
        except StoreError:
            pass  # it went away while answering, as it should
        finally:
            await client.aclose()

    def _reason(self) -> StoreDownError:
        """Return why the server ended: by a probe, and else by what it said."""
        try:
            probe(self._folder)
        except StoreDownError as exc:
            return exc
        with (self._folder / "valkey.log").open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, file.tell() - _SAID_BYTES))
            return explain(self._folder, file.read().decode(errors="replace"))


def _took(lock: int) -> bool:
    """Take the lock if nobody has it; return whether it is ours."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_listening(path: Path) -> bool:
    """Whether a process has the socket: the kernel says so even if that one is stopped."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except (TimeoutError, BlockingIOError):
            return True  # its queue is full: somebody must have it
        except OSError:
            return False
    return True


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies; runs in the child, before exec."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _ended(process: subprocess.Popen[bytes], within_s: float) -> None:
    """Wait until a process has ended, for a while."""
    try:
        watched = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not on this system, or it has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, within_s)  # looks twenty times a second
        return
    loop, has_ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(watched, has_ended.set)
    try:
        async with asyncio.timeout(within_s):
            await has_ended.wait()
    except TimeoutError:
        pass
    finally:
        loop.remove_reader(watched)
        os.close(watched)
