"""The archiver: moves applied events from Redis to the archive, by time or by number."""

import asyncio
import random

import structlog

from recsvc.clock import DAY_US, HOUR_US, SECOND_US, apart_us, from_us
from recsvc.core.readers.events import Entry
from recsvc.store import keys
from recsvc.store.entry_ids import parse
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Logged, Streams
from workers.log.agreement import Agreement
from workers.log.archive import Archive, table
from workers.log.decoding import decoded
from workers.log.manifest import State, named
from workers.log.params import ArchiveParams
from workers.log.thinning import thin_before

log = structlog.get_logger()

_PAGE = 2_000
_GAPS_US = 2 * SECOND_US
_DOUBT_US = 60 * SECOND_US


class Archiver:
    """Writes files and trims streams; at most one at a time, by the leader.

    Attributes:
        agreement: between the archive and the store.
        gaps: files of the archive that are damaged or missing.
    """

    def __init__(
        self,
        archive: Archive,
        streams: Streams,
        boards: Boards,
        params: ArchiveParams,
    ) -> None:
        self.agreement = Agreement(archive, streams, boards)
        self.gaps: dict[str, State] = {}
        self._archive = archive
        self._streams = streams
        self._boards = boards
        self._every_us = int(params.every_s * SECOND_US)
        self._n_events = params.n_events
        self._kept_days, self._unvouched_days = params.kept_days, params.unvouched_days
        self._dropped_us = 0
        self._last_us: int | None = None
        self._tended_us = 0
        self._doubted_us = 0
        self._must_tend = False

    def doubt(self, now_us: int) -> None:
        """Have all of the archive read anew, after something in it could not be read."""
        if apart_us(self._doubted_us, now_us) >= _DOUBT_US:
            self._doubted_us = now_us
            self._archive.doubt()
            self._must_tend = True

    def scrub(self, rng: random.Random) -> None:
        """Have a file of the archive looked at anew."""
        self._archive.scrub(rng)
        self._must_tend = True

    async def run_once(self, now_us: int, force: bool = False) -> int:
        """Archive if it is time; return how many events were moved."""
        if self._last_us is None:
            await self._tend(now_us)
            await self._finish_earlier_runs()
            self._last_us = now_us
        elif (self.gaps or self._must_tend) and apart_us(self._tended_us, now_us) >= _GAPS_US:
            await self._tend(now_us)  # somebody may have put back what was missing
        await self._drop_old(now_us)
        lengths = await self._streams.lengths()
        waiting = sum(lengths.values())
        due = apart_us(self._last_us, now_us) >= self._every_us or waiting >= self._n_events
        if not waiting or not (due or force):
            return 0
        self._last_us = now_us
        await self._tend(now_us)
        return await self._move(now_us)

    async def _tend(self, now_us: int) -> None:
        self._tended_us = now_us
        self._must_tend = False
        self.gaps = await asyncio.to_thread(self._archive.tend)

    @property
    def problem(self) -> str | None:
        """What the archive lacks, in a sentence; None if nothing."""
        if not self.gaps:
            return None
        files = named(self.gaps, 5)
        return (
            f"{len(self.gaps)} files of the archive are damaged or missing: {files}; put them back "
            "from a backup; everything else goes on without them (recsvc archive verify)"
        )

    async def _drop_old(self, now_us: int) -> None:
        if apart_us(self._dropped_us, now_us) < HOUR_US:
            return
        self._dropped_us = now_us
        if self._unvouched_days:
            oldest = from_us(now_us - self._unvouched_days * DAY_US).date()
            n = await asyncio.to_thread(thin_before, self._archive, oldest)
            if n:
                log.info("archive_thinned", n_events=n, before=oldest.isoformat())
        if self._kept_days:
            oldest = from_us(now_us - self._kept_days * DAY_US).date()
            n = await asyncio.to_thread(self._archive.drop_before, oldest)
            if n:
                log.info("archive_dropped", n_files=n, before=oldest.isoformat())

    async def _finish_earlier_runs(self) -> None:
        """Trim what was archived by a run that did not get to it, once it is found in a file."""
        epoch = await self.agreement.epoch()
        until = await asyncio.to_thread(self._archive.until, epoch)
        if until:
            await self._streams.trim(until, epoch)

    async def _move(self, now_us: int) -> int:
        epoch = await self.agreement.epoch()
        applied = await self._boards.applied()
        archived = await asyncio.to_thread(self._archive.until, epoch)
        found: list[tuple[int, Logged, Entry]] = []
        until: dict[int, str] = {}
        for shard, last in applied.items():
            after = archived.get(shard, "0-0")
            while parse(after) < parse(last):
                page = await self._streams.range(shard, after, last, _PAGE)
                if not page:
                    break
                after = page[-1].entry_id
                until[shard] = after
                found += [
                    (shard, logged, event)
                    for logged in page
                    if (event := decoded(logged)) is not None
                ]
        if not until:
            return 0
        path = await asyncio.to_thread(self._archive.write, table(found), until, now_us, epoch)
        await self._streams.trim(until, epoch)
        log.info("events_archived", n=len(found), file=path.name)
        return len(found)


async def tail(
    streams: Streams, archived: dict[int, str], until: dict[int, str] | None = None
) -> list[tuple[int, Logged, Entry]]:
    """Return what is in the streams and not in the archive.

    Args:
        until: the last entry of each shard to return; all there are if None.
    """
    found: list[tuple[int, Logged, Entry]] = []
    for shard in range(keys.N_SHARDS):
        after = archived.get(shard, "0-0")
        last = "+" if until is None else until.get(shard, "0-0")
        while page := await streams.range(shard, after, last, _PAGE):
            after = page[-1].entry_id
            found += [(shard, e, event) for e in page if (event := decoded(e)) is not None]
    return found
