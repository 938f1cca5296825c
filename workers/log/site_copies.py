"""Copies of the site: what only the store has, beside the events in the archive.

One file per epoch, written anew when something changed, for its owner only: it holds secrets. So the
archive alone brings a site back. The copy of an epoch that the store no longer holds is left alone, or a
store that was emptied would empty the copy too.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from recsvc.store import keys
from recsvc.store.pipe import Pipe
from recsvc.store.site import Part, parts, put_back

_KEPT = 3
_LENGTH_BYTES = 4

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


class SiteCopies:
    """The copies in a folder."""

    def __init__(self, folder: Path, pipe: Pipe) -> None:
        self._folder = folder
        self._pipe = pipe
        self._written = b""
        self._writing = asyncio.Lock()

    async def write(self, epoch: str) -> bool:
        """Copy the site as it is; return whether that differs from the copy of before."""
        async with self._writing:
            return await self._write(epoch)

    async def _write(self, epoch: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, unfinished = self._path(epoch), self._folder / "copy.tmp"
        digest = hashlib.blake2b()
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            async for part in parts(self._pipe):
                packed = _encode(part)
                digest.update(packed)
                _append(descriptor, len(packed).to_bytes(_LENGTH_BYTES, "big") + packed)
            await asyncio.to_thread(os.fsync, descriptor)
        finally:
            os.close(descriptor)
        if digest.digest() == self._written and path.exists():
            unfinished.unlink()
            return False
        unfinished.replace(path)
        self._written = digest.digest()
        for old in self._others(epoch)[_KEPT:]:
            old.unlink()
        return True

    async def put_back(self, epoch: str) -> int:
        """Put back what the copies of other epochs have and the store has not; return how much."""
        n = 0
        for path in self._others(epoch):
            is_bare = not await self._pipe.send("HLEN", keys.ITEMS)
            for part in _read(path):
                n += await put_back(self._pipe, part, is_bare=is_bare)
        return n

    def drop_others(self, epoch: str) -> None:
        """Drop the copies of other epochs: somebody in them may have asked to be erased."""
        for path in self._others(epoch):
            path.unlink()

    def _path(self, epoch: str) -> Path:
        return self._folder / f"{epoch}.site"

    def _others(self, epoch: str) -> list[Path]:
        """Return the copies of other epochs, the latest first."""
        found = [p for p in self._folder.glob("*.site") if p != self._path(epoch)]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _read(path: Path) -> Iterator[Part]:
    with path.open("rb") as file:
        while length := file.read(_LENGTH_BYTES):
            yield _decode(file.read(int.from_bytes(length, "big")))


def _append(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
