"""The wishes on local disk: what readers hid and mute, for who starts while the store is away.

One file that is appended to whenever a wish changes, by every serving process of this machine; it is
read as a whole at a start, and written anew when most of it has been overtaken. A line that was cut
short costs that line. Like profiles it is for its owner only, and who is erased leaves it.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from recsvc.core.fitting import UNREADABLE
from recsvc.core.readers.preferences import Preferences

_LONG_BYTES = 1 << 20
_OVERTAKEN = 4


class Kept(msgspec.Struct, frozen=True):
    """What one reader does not want to see, as it was at an instant (µs).

    Attributes:
        hidden: item -> instant it was hidden or, negative, shown again (µs).
    """

    user: str
    at_us: int
    hidden: dict[str, int]
    preferences: Preferences


Keep = Callable[[Kept], bool]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


class WishFile:
    """Appends wishes, and reads them back."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "wishes"
        self._n_bytes = 0

    def append(self, kept: Kept) -> None:
        """Keep a wish. A disk that is full keeps none: the store has it."""
        try:
            with self._opened() as descriptor:
                # The line end comes first: the line before may have been cut short.
                self._n_bytes += os.write(descriptor, b"\n" + _encode(kept))
        except OSError:
            return

    def read(self) -> dict[str, Kept]:
        """Return the last wish of each reader, those heard of last at the end."""
        found: dict[str, Kept] = {}
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return found
        for line in lines:
            try:
                kept = _decode(line)
            except UNREADABLE:
                continue  # cut short, or damaged
            found.pop(kept.user, None)
            found[kept.user] = kept
        return found

    def write_anew(self, keep: Keep) -> None:
        """Replace the file by what of it is to be kept."""
        try:
            with self._opened(fcntl.LOCK_EX):
                kept = [one for one in self.read().values() if keep(one)]
                unfinished = self._path.with_suffix(".tmp")
                unfinished.touch(mode=0o600)
                unfinished.write_bytes(b"".join(_encode(one) + b"\n" for one in kept))
                unfinished.replace(self._path)
        except OSError:
            return
        self._n_bytes = 0

    @property
    def is_overtaken(self) -> bool:
        """Whether most of what this process wrote cannot count any more."""
        return self._n_bytes > _LONG_BYTES * _OVERTAKEN

    @contextmanager
    def _opened(self, lock: int = fcntl.LOCK_SH) -> Iterator[int]:
        """Open the file that has the name now: whoever waited may hold one that was replaced."""
        while True:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(descriptor, lock)
                if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)
