"""Copies of the site: what only the store has, beside the events in the archive.

One file per epoch, written anew when something changed, for its owner only: it holds secrets. So the
archive alone brings a site back. The copy of an epoch that the store no longer holds is left alone, or a
store that was emptied would empty the copy too.
"""

import asyncio
from pathlib import Path

import structlog

from recsvc.errors import InvalidError
from recsvc.store import keys
from recsvc.store.part_files import read_parts, write_parts
from recsvc.store.pipe import Pipe
from recsvc.store.site import parts, put_back

log = structlog.get_logger()

_KEPT = 3


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
        digest = await write_parts(unfinished, parts(self._pipe))
        if digest == self._written and path.exists():
            unfinished.unlink()
            return False
        unfinished.replace(path)
        self._written = digest
        for old in self._others(epoch)[_KEPT:]:
            old.unlink()
        return True

    async def put_back(self, epoch: str) -> int:
        """Put back what the copies of other epochs have and the store has not; return how much."""
        n = 0
        for path in self._others(epoch):
            is_bare = not await self._pipe.send("HLEN", keys.ITEMS)
            try:
                for part in read_parts(path):
                    n += await put_back(self._pipe, part, is_bare=is_bare)
            except InvalidError as exc:
                log.error("site_copy_damaged", error=str(exc))  # one before it may be whole
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
