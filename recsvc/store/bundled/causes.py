"""Why the bundled store is down: each cause with its words, and how soon to look again.

A cause is proved where it can be: a probe writes to the folder, as the server will. What only the server
knows is read from what it said before it ended.
"""

import enum
import errno
import os
from pathlib import Path

from recsvc.errors import StoreUnavailableError

ROOM_BYTES = 1024 * 1024  # less than this, and a server would die of its first writes


class Cause(enum.StrEnum):
    """What keeps the store down."""

    FULL = "full"
    PERMISSION = "permission"
    DISK = "disk"
    DAMAGED = "damaged"
    VERSION = "version"
    IN_USE = "in_use"
    UNKNOWN = "unknown"


class StoreDownError(StoreUnavailableError):
    """Raised when the bundled store cannot start; says what would help.

    Args:
        detail: one sentence or two for whoever runs the service.
    """

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"the bundled store does not start: {detail}")
        self.cause = cause


# How long to wait at most until the next try. A probe costs nothing, and tells of room and permission
# within moments; to load a log that is damaged takes the server as long as it is large.
LONGEST_PAUSE_S = dict.fromkeys(Cause, 30.0) | {
    Cause.FULL: 2.0,
    Cause.PERMISSION: 2.0,
    Cause.IN_USE: 2.0,
}

_ERRORS = {
    errno.ENOSPC: Cause.FULL,
    errno.EDQUOT: Cause.FULL,
    errno.EACCES: Cause.PERMISSION,
    errno.EPERM: Cause.PERMISSION,
    errno.EROFS: Cause.PERMISSION,
    errno.EIO: Cause.DISK,
    errno.ENOTDIR: Cause.PERMISSION,
    errno.EEXIST: Cause.PERMISSION,
}

_MARKS = {
    "Can't handle RDB format version": Cause.VERSION,
    "No space left on device": Cause.FULL,
    "Disk quota exceeded": Cause.FULL,
    "Permission denied": Cause.PERMISSION,
    "Read-only file system": Cause.PERMISSION,
    "Input/output error": Cause.DISK,
    "Address already in use": Cause.IN_USE,
    "Failed opening Unix socket": Cause.IN_USE,
    "Bad file format reading the append only file": Cause.DAMAGED,
    "Unexpected end of file reading the append only file": Cause.DAMAGED,
    "reading the append only file": Cause.DAMAGED,
    "Unrecoverable error reading the append only file": Cause.DAMAGED,
    "Wrong RDB checksum": Cause.DAMAGED,
    "Short read or OOM loading DB": Cause.DAMAGED,
    "Internal error in RDB": Cause.DAMAGED,
    "Wrong signature trying to load DB": Cause.DAMAGED,
    "AOF manifest": Cause.DAMAGED,
    "The AOF file": Cause.DAMAGED,
    "Error loading": Cause.DAMAGED,
}

_WAYS_OUT = {
    Cause.FULL: "the disk of {folder} is full: make room; it starts by itself then, nothing is lost",
    Cause.PERMISSION: "{folder} cannot be written to ({error}): it must belong to whom recsvc runs as",
    Cause.DISK: "the disk of {folder} fails ({error}): mend it, or restore a backup elsewhere",
    Cause.DAMAGED: (
        "its files are damaged where nothing can be mended: nothing was changed; restore a backup into "
        "another data folder (docs/operations.md). The server says:\n{error}"
    ),
    Cause.VERSION: (
        "its files were written by a newer server: install the version of recsvc that ran here last. "
        "The server says:\n{error}"
    ),
    Cause.IN_USE: "another server has its files or its socket ({error}): it starts when that ended",
    Cause.UNKNOWN: "the server says:\n{error}",
}


def down(cause: Cause, folder: Path, error: str = "") -> StoreDownError:
    """Return the error of a cause, in its words."""
    return StoreDownError(cause, _WAYS_OUT[cause].format(folder=folder, error=error))


def probe(folder: Path) -> None:
    """Write to a folder as the server will.

    Raises:
        StoreDownError: when that fails.
    """
    path = folder / "probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("wb") as file:
                file.write(bytes(ROOM_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)
        os.scandir(folder / "appendonlydir").close()
    except FileNotFoundError:
        return  # the first start
    except OSError as exc:
        cause = _ERRORS.get(exc.errno or 0, Cause.UNKNOWN)
        raise down(cause, folder, exc.strerror or str(exc)) from None


def explain(folder: Path, said: str) -> StoreDownError:
    """Return why a server ended, by what it said."""
    last = "\n".join(said.splitlines()[-8:])
    found = (cause for mark, cause in _MARKS.items() if mark in said)
    return down(next(found, Cause.UNKNOWN), folder, last)
