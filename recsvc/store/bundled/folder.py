"""The data folder: whose it is, where its store listens, and what is kept of damaged logs."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

from recsvc.errors import AlreadyRunningError

DAMAGED = "appendonlydir.damaged-"

_MENDED = "mended"

_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux and 104 on macOS


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
    for copy in (data_dir / "store").glob(f"{DAMAGED}*"):
        shutil.rmtree(copy)


def note_mended(folder: Path, n_bytes: int) -> None:
    """Note that a store's log lost what lay in its middle: what follows from the log may differ."""
    (folder / _MENDED).write_text(str(n_bytes))


def mended_problem(data_dir: Path) -> str | None:
    """Return what a mended log means, until everything was made anew from it; None if nothing."""
    try:
        n_bytes = (data_dir / "store" / _MENDED).read_text(errors="replace")
    except OSError:
        return None
    return (
        f"the store's log was damaged and {n_bytes} bytes of it are lost (store/{DAMAGED}* has them): "
        "boards, profiles or items may lack something: stop the service and run `recsvc rebuild`"
    )


def forget_mended(data_dir: Path) -> None:
    """Note that everything was made anew since."""
    (data_dir / "store" / _MENDED).unlink(missing_ok=True)


def is_owned(data_dir: Path) -> bool:
    """Return whether a process has a data folder, without touching it."""
    try:
        with (data_dir / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def served_at(data_dir: Path) -> str | None:
    """Return where the process that has a data folder serves; None if none has it, or it did not say."""
    if not is_owned(data_dir):
        return None
    try:
        said = (data_dir / "lock").read_text().split()
    except OSError:
        return None
    return said[1] if len(said) > 1 else None


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
                owner = next(iter(file.read().split()), "unknown")
                file.close()
                raise AlreadyRunningError(
                    f"recsvc is already running on {self._path.parent} (process {owner})"
                ) from None
            self._file = file
            self._write(str(os.getpid()))
            return

    def tell(self, address: str) -> None:
        """Say in the folder where its owner serves."""
        self._write(f"{os.getpid()} {address}")

    def _write(self, text: str) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()

    def release(self) -> None:
        """Give the folder back."""
        if self._file is not None:
            self._file.close()
            self._file = None
