"""A store beside an archive, and what may happen to the one without the other."""

from pathlib import Path

import polars as pl

from recsvc.clock import now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles
from workers.ingest import Ingest
from workers.log.archive import Archive, table
from workers.log.archiver import Archiver, tail
from workers.log.params import ArchiveParams
from workers.log.reading import read_log
from workers.log.rebuilding import rebuild_boards, rebuild_profiles

Copy = dict[bytes, bytes]


class World:
    """A site's log, as a worker sees it."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        pipe = Pipe(redis)
        self.redis = redis
        self.log = EventLog(pipe, KINDS, EventLogParams())
        self.boards, self.profiles = Boards(pipe, TrendingParams()), Profiles(pipe)
        self.streams, self.archive = Streams(redis, "w"), Archive(folder)
        self._n = 0

    async def work(self) -> Archiver:
        """Do what a worker does at its start: compare, then put on boards what is logged."""
        archiver = Archiver(self.archive, self.streams, self.boards, ArchiveParams(60, 10**6))
        await archiver.agreement.epoch()
        ingest = Ingest(self.streams, self.boards, KINDS, 1)
        await ingest.start()
        while await ingest.run_once(block_ms=1):
            pass
        return archiver

    async def vote(self, n: int) -> set[str]:
        """Have readers of their own vote for items, and return the ids of the events."""
        numbers = range(self._n, self._n + n)
        self._n += n
        sent = [
            Entry(f"u{i}", f"i{i % 5}", "upvote", now_us(), now_us(), event_id=str(i))
            for i in numbers
        ]
        await self.log.record(sent, [False] * n)
        return {entry.event_id for entry in sent if entry.event_id}

    async def archived(self) -> None:
        await (await self.work()).run_once(now_us(), force=True)

    async def kept(self) -> list[str]:
        """Return the id of every event in archive and streams, as often as it is there."""
        held = await self.streams.epochs.held()
        fresh = table(await tail(self.streams, self.archive.until(held[0] if held else None)))
        return sorted(pl.concat([self.archive.read(), fresh])["event_id"].to_list(), key=int)

    async def in_streams(self) -> set[str]:
        return set(table(await tail(self.streams, {}))["event_id"].to_list())

    async def problem(self) -> str | None:
        return await (await self.work()).agreement.problem()

    async def rebuilt(self) -> None:
        """Do what `recsvc rebuild` does."""
        log = await read_log(self.archive, self.streams, {})
        await rebuild_boards(log, self.boards, KINDS, EventLogParams(), now_us())
        await rebuild_profiles(log, self.profiles, KINDS, EventLogParams(), now_us())
        await self.streams.epochs.hold(set(self.archive.epochs()))

    async def votes(self) -> int:
        return sum(row.votes for row in (await self.boards.all()).values())

    async def copy(self) -> Copy:
        """Copy the whole store."""
        return {key: await self.redis.dump(key) async for key in self.redis.scan_iter(keys.ANY)}

    async def brought_back(self, copy: Copy) -> None:
        """Have the store be what it was when it was copied."""
        await self.redis.flushall()
        for key, packed in copy.items():
            await self.redis.restore(key, 0, packed)

    async def clock_ahead(self, ms: int) -> None:
        """Have the store log as if its clock were ahead: ids never go back."""
        for shard in range(keys.N_SHARDS):
            entry = f"{now_us() // 1000 + ms}-0"
            await self.redis.xadd(keys.events(shard), {"e": b""}, id=entry)
            await self.redis.xdel(keys.events(shard), entry)
