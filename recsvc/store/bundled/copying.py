"""Copies of a bundled store: a picture of one moment, and a store's files made of a picture.

A picture is what BGSAVE writes: the server forks, and the child writes what was there at that moment,
with a checksum. It begins after it was asked for, so every event acknowledged before is in it.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.exceptions import ResponseError

from recsvc import durable
from recsvc.errors import StoreError
from recsvc.store.connection import Redis, translated

PICTURE = "dump.rdb"

_POLL_S = 0.05
_TIMEOUT_S = 1_800.0


@asynccontextmanager
async def picture(redis: Redis, data_dir: Path) -> AsyncIterator["Picture"]:
    """Take a picture of the store; it has begun when this enters, and is removed when it leaves.

    Raises:
        StoreError: when the store cannot.
    """
    taken = Picture(redis, data_dir / "store" / PICTURE)
    async with asyncio.timeout(_TIMEOUT_S):
        await taken.begin()
        try:
            yield taken
        finally:
            taken.path.unlink(missing_ok=True)  # readers who are erased must not live on in it


class Picture:
    """A picture being taken."""

    def __init__(self, redis: Redis, path: Path) -> None:
        self._redis = redis
        self.path = path

    async def begin(self) -> None:
        """Have the server fork; a rewrite of its log under way is waited for."""
        while True:
            await self._until_idle("rdb_bgsave_in_progress", "aof_rewrite_in_progress")
            with translated():
                try:
                    await self._redis.bgsave(schedule=False)
                except ResponseError as exc:
                    if "in progress" not in str(exc) and "child process" not in str(exc):
                        raise
                    continue  # a rewrite began in between
            return

    async def finish(self) -> Path:
        """Return the file, once it is whole.

        Raises:
            StoreError: when it could not be written.
        """
        info = await self._until_idle("rdb_bgsave_in_progress")
        if info.get("rdb_last_bgsave_status") != "ok" or not self.path.exists():
            raise StoreError("the store could not write its picture: see store/valkey.log")
        return self.path

    async def _until_idle(self, *busy: str) -> dict[str, object]:
        while True:
            with translated():
                info: dict[str, object] = await self._redis.info("persistence")
            if not any(info.get(name) for name in busy):
                return info
            await asyncio.sleep(_POLL_S)


def furnish(data_dir: Path, taken: Path) -> None:
    """Make the files of a store out of a picture, durable when this returns.

    The picture becomes the base of an append-only log, as a rewrite of the log leaves it.
    """
    logs = data_dir / "store" / "appendonlydir"
    logs.mkdir(parents=True)
    base, log = "appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"
    shutil.copyfile(taken, logs / base)
    (logs / log).touch()
    lines = f"file {base} seq 1 type b\nfile {log} seq 1 type i\n"
    (logs / "appendonly.aof.manifest").write_text(lines)
    for path in (*logs.iterdir(), logs, logs.parent, data_dir):
        if path.is_file():
            path.chmod(0o600)
        durable.sync(path)
