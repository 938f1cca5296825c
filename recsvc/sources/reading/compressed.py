"""Compressed files: gzip, zstd, bzip2 and xz, told by their first bytes, whatever a file is called.

What cannot be decompressed any further ends there, as a file does that was cut off: what came before is
read, and the damage is told.
"""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_OPENED: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": zstd.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
# OSError is how gzip and bz2 say that it is not what it was taken for.
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError)
_CHUNK_BYTES = 128 * 1024


class Decompressed(io.RawIOBase):
    """What a compressed file holds, as far as it can be decompressed.

    Args:
        on_damage: told why it goes no further.
    """

    def __init__(self, file: Any, on_damage: Callable[[str], None]) -> None:
        self._file = file
        self._on_damage = on_damage

    def readable(self) -> bool:
        """Return that it is read from."""
        return True

    def readinto(self, into: Any) -> int:
        """Read what is next; nothing at the end and where it is damaged."""
        try:
            found: bytes = self._file.read1(len(into))
        except _DAMAGED as exc:
            self._on_damage(f"the compressed file is damaged or cut off: {exc}")
            return 0
        into[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()


def opened(path: Path, on_damage: Callable[[str], None]) -> io.BufferedReader:
    """Open a file as bytes, those within it if it is compressed."""
    with path.open("rb") as file:
        head = file.read(8)
    for mark, open_it in _OPENED.items():
        if head.startswith(mark):
            inside = Decompressed(open_it(path), on_damage)
            return io.BufferedReader(inside, _CHUNK_BYTES)
    return path.open("rb")
