"""The disk: whether the data folder has room, asked before a write finds out."""

import shutil
from pathlib import Path

_LOW_SHARE = 0.05
_ENOUGH_BYTES = 5 * 1024**3
_MIB = 1024**2


def disk_problem(folder: Path) -> str | None:
    """Return what is to be said of the room on a folder's disk, if anything."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError as exc:
        return f"the data folder cannot be looked at: {exc}"
    if disk.free >= min(_LOW_SHARE * disk.total, _ENOUGH_BYTES):
        return None
    return f"the disk of the data folder is nearly full: {disk.free // _MIB} MB are free"
