"""Scratch: where a round leaves files for other machines and takes theirs; empty between rounds."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from recsvc.alone import alone
from recsvc.errors import ConflictError


class Scratch:
    """A folder that one round at a time works in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Have it to oneself meanwhile, empty before and after.

        Raises:
            ConflictError: when another process has it.
        """
        with alone(self._folder / "lock") as is_alone:
            if not is_alone:
                raise ConflictError("another training on a cluster is at work on this data folder")
            self._empty()
            try:
                yield
            finally:
                self._empty()

    def tidy(self) -> None:
        """Remove what a round that was killed left: it is of readers who may be erased since."""
        if self._folder.is_dir():
            with alone(self._folder / "lock") as is_alone:
                if is_alone:
                    self._empty()

    def new(self) -> Path:
        """Return a new folder in it."""
        return Path(mkdtemp(dir=self._folder))

    def _empty(self) -> None:
        for left in self._folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
