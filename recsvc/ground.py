"""The ground: the files of a service are where they were when it began.

A volume that is unmounted, and a folder that is moved, leave an empty place of the same name behind or
none at all. What was written there would leave the store and lie where nobody looks for it.
"""

import contextlib
import secrets
from pathlib import Path

from recsvc.errors import GroundError

_NAME = "id"
_N_BYTES = 16


class Ground:
    """A folder that holds a mark of its own; workers on the same one share it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and its mark where they are not yet."""
        self._mark = folder / _NAME
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), self._mark.open("x") as file:
            file.write(secrets.token_hex(_N_BYTES))
        self._known = self._mark.read_bytes()

    def problem(self) -> str | None:
        """Return what is to be said of the folder, if anything."""
        with contextlib.suppress(OSError):
            if self._mark.read_bytes() == self._known:
                return None
        return (
            f"{self._mark.parent} is not the folder that this service was started with: it was moved "
            "or unmounted; nothing is archived, trained or erased until it is back, or after a restart"
        )

    def check(self) -> None:
        """Go on only where the folder is the same.

        Raises:
            GroundError: when it is not.
        """
        if (found := self.problem()) is not None:
            raise GroundError(found)
