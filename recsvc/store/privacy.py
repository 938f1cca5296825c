"""Privacy of files: the data folder is for the user who runs the service, and nobody else reads it.

Readers' data, keys and mail addresses lie in it in clear. So whatever this process and its children make
is made for their user alone, and what an earlier release left open to others is closed at the start.
What is open and another user's is not ours to change: nothing starts on it.
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import structlog

from recsvc.errors import SettingsError

log = structlog.get_logger()

_OTHERS = 0o077


def make_private(folder: Path) -> None:
    """Close a folder, and whatever is made from now on, to other users of the machine.

    Raises:
        SettingsError: when something in it is open and another user's, with the command that mends it.
    """
    os.umask(_OTHERS)
    n_closed = sum(_close(path, folder) for path in (folder, *_below(folder)))
    if n_closed:
        log.warning("data_folder_closed_to_others", folder=str(folder), n_paths=n_closed)


def check_own(folder: Path) -> None:
    """Refuse a folder that somebody else made where we would have, in a place that is everybody's.

    Raises:
        SettingsError: when it is another user's.
    """
    if folder.lstat().st_uid != os.geteuid():
        raise SettingsError(f"{folder} belongs to another user; choose a shorter RECSVC_DATA_DIR")


def _below(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder):
        yield from (Path(above, name) for name in (*folders, *files))


def _close(path: Path, folder: Path) -> bool:
    """Close one file or folder; return whether it was open. Links are left alone."""
    try:
        found = path.lstat()
        if path.is_symlink() or not found.st_mode & _OTHERS:
            return False
        if found.st_uid == os.geteuid():
            path.chmod(found.st_mode & 0o700)
            return True
    except FileNotFoundError:
        return False  # the store and the worker replace files while we look
    name = shlex.quote(str(folder))
    raise SettingsError(
        f"{path} is open to other users and belongs to one; "
        f"mend it with: sudo chown -R {os.geteuid()} {name} && sudo chmod -R go= {name}"
    )
