"""Where a backup is kept: a folder, or a bucket of an object store.

A file appears under its name whole or not at all, and stays there once that returned. Names are
relative, with slashes.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from recsvc import durable
from workers.log.manifest import digest


class Depot(Protocol):
    """What a backup asks of the place where it is kept.

    Attributes:
        address: by which it is found again, from whichever folder.
    """

    address: str

    def prepare(self) -> None:
        """Make it ready to be written to, closed to others."""

    def names(self) -> list[str]:
        """Return the names of all files."""

    def read(self, name: str) -> bytes:
        """Return what a file holds.

        Raises:
            FileNotFoundError: when there is none.
        """

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there."""

    def put(self, source: Path, name: str) -> None:
        """Copy a file to here, in place of one that is there."""

    def holds(self, name: str, size_bytes: int) -> bool:
        """Return whether a file that is called by its digest is here already, as far as is seen here."""

    def fetch(self, name: str, to: Path, mode: int) -> None:
        """Copy a file from here; durable, but for its name."""

    def lent(self, name: str) -> str:
        """Return an address by which another machine reads a file, without being told how, for a day."""

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a file, all of it read; None where there is none."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def append(self, name: str, lines: bytes) -> None:
        """Add lines to those of a name; two may do so at a time."""

    def appended(self, name: str) -> bytes:
        """Return all lines of a name; none where nothing was appended."""

    def reduce(self, name: str, is_needed: Callable[[bytes], bool]) -> None:
        """Drop the lines of a name that are not needed, or at least those that stand by themselves."""


class Folder:
    """A folder of a file system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = str(path.resolve())

    def prepare(self) -> None:
        """Make the folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def names(self) -> list[str]:
        """Return the names of all files, unfinished ones too."""
        found = [path for path in self.path.rglob("*") if path.is_file()]
        return [path.relative_to(self.path).as_posix() for path in found]

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        path, unfinished = self.path / name, self.path / f"{name}.tmp"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        durable.replace(path, by=unfinished)

    def put(self, source: Path, name: str) -> None:
        """Copy a file to here."""
        to = self.path / name
        to.parent.mkdir(exist_ok=True)
        copy(source, to, 0o600)
        durable.sync(to.parent)

    def holds(self, name: str, size_bytes: int) -> bool:
        """Return whether a file is here, as it was: all of it is read."""
        path = self.path / name
        is_as_long = path.exists() and path.stat().st_size == size_bytes
        return is_as_long and digest(path) == PurePosixPath(name).stem

    def fetch(self, name: str, to: Path, mode: int) -> None:
        """Copy a file from here."""
        copy(self.path / name, to, mode)

    def lent(self, name: str) -> str:
        """Return the address of a file, for machines that see the folder under the same path."""
        return (self.path.resolve() / name).as_uri()

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a file."""
        try:
            return digest(self.path / name)
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)

    def append(self, name: str, lines: bytes) -> None:
        """Add lines at the end of a file."""
        descriptor = os.open(self.path / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b"\n" + lines)  # behind a line that may have been cut short
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def appended(self, name: str) -> bytes:
        """Return what a file holds, if it is there."""
        try:
            return self.read(name)
        except FileNotFoundError:
            return b""

    def reduce(self, name: str, is_needed: Callable[[bytes], bool]) -> None:
        """Write a file anew; without a line it goes."""
        lines = [line for line in self.appended(name).split(b"\n") if line and is_needed(line)]
        if lines:
            self.write(name, b"".join(line + b"\n" for line in lines))
        else:
            self.remove(name)


def depot_at(address: str) -> Depot:
    """Return the place that an address or a path names.

    Raises:
        InvalidError: when it is an address that is not spoken here.
        SettingsError: when what speaks to it is not installed.
    """
    if "://" in address:
        from workers.log.bucket import Bucket

        return Bucket(address)
    return Folder(Path(address))


def copy(source: Path, to: Path, mode: int) -> None:
    """Copy a file, whole or not at all; durable, but for its name."""
    with appearing(to, mode) as unfinished, source.open("rb") as file, unfinished.open("wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)


@contextmanager
def appearing(to: Path, mode: int) -> Iterator[Path]:
    """Hand out where to write a file that is to appear whole."""
    unfinished = to.with_name(f"{to.name}.tmp")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode))
    yield unfinished
    durable.sync(unfinished)
    unfinished.replace(to)
