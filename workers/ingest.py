"""Ingest: the event log onto boards and counters, exactly once, whoever dies in between.

Entries come through a consumer group. What a batch does is computed here and applied by one
server-side function together with the id of its last entry; a batch delivered again finds itself
applied. A batch whose predecessors another worker still holds is put back until they are applied or,
if that worker died, reclaimed.
"""

import asyncio

import structlog

from recsvc import tracing
from recsvc.clock import now_us
from recsvc.core.access.budget import Unknown
from recsvc.core.fitting import UNREADABLE
from recsvc.core.readers.kinds import Kind
from recsvc.errors import StoreError, StoreUnavailableError
from recsvc.store.entry_ids import parse
from recsvc.store.items.boards import OVERLAPS, Batch, Boards
from recsvc.store.log.streams import Logged, Streams
from workers.counting import Found

log = structlog.get_logger()

# Per shard: with 64 shards a batch blocks the server for some ten milliseconds at most.
_COUNT = 25
_BLOCK_MS = 200
# What a batch costs depends on its shards more than on its entries: more of them gather meanwhile. The
# first entry after a quiet moment is taken at once.
_GATHER_S = 0.02
_HELD_BACK_S = 0.05
_RECOUNTED = 100


class Ingest:
    """Applies the log for one worker."""

    def __init__(
        self,
        streams: Streams,
        boards: Boards,
        kinds: dict[str, Kind],
        reclaim_after_s: float,
        unknown: Unknown = "keep",
    ) -> None:
        """Compose an ingest.

        Args:
            unknown: what becomes of strangers' events for items that are not in the catalogue.
        """
        self._streams = streams
        self._boards = boards
        self._kinds = kinds
        self._reclaim_ms = int(reclaim_after_s * 1000)
        self._takes_unknown = unknown == "take"
        self.n_applied = 0

    async def start(self) -> None:
        """Prepare the group, and finish what this consumer left when it last ran."""
        await self._streams.create_groups()
        await self.catch_up()

    async def run_once(self, block_ms: int = _BLOCK_MS) -> int:
        """Apply the next batch, waiting a while for its first entry; return how many were taken."""
        taken = await self._streams.read(_COUNT, block_ms)
        if not taken:
            return 0
        held_back = await self._apply(taken)
        if held_back:
            await asyncio.sleep(_HELD_BACK_S)
            await self.catch_up()
        elif all(len(entries) < _COUNT for entries in taken.values()):
            await asyncio.sleep(_GATHER_S)
        return sum(map(len, taken.values()))

    async def recount(self) -> int:
        """Count the votes anew of items where some are due by now; return how many items."""
        now = now_us()
        if n := await self._boards.recount_keyed(now):
            log.info("votes_recounted", n=n, why="a key exists")
        items = await self._boards.due(now, _RECOUNTED)
        await self._boards.recount(items, now)
        return len(items)

    async def reclaim(self) -> int:
        """Take over and apply what silent workers left; return how many entries."""
        n = await self._streams.reclaim(self._reclaim_ms, _COUNT)
        if n:
            log.info("entries_reclaimed", n=n)
            await self.catch_up()
        return n

    async def catch_up(self) -> None:
        """Apply what was delivered to this consumer and never acknowledged."""
        while pending := await self._streams.own_pending(_COUNT):
            held_back = await self._apply(pending)
            if held_back == set(pending):
                return  # others have to go first

    async def _apply(self, taken: dict[int, list[Logged]]) -> set[int]:
        """Apply entries by shard; return the shards that have to wait.

        What a dead worker applied and did not acknowledge may come back together with what came after
        it: then the rest goes alone.
        """
        began_ns = tracing.now_ns()
        answers = await self._attempt(taken)
        overlapping = [shard for shard, answer in answers.items() if answer == OVERLAPS]
        if overlapping:
            applied = await self._boards.applied()
            rest = {
                shard: [e for e in taken[shard] if parse(e.entry_id) > parse(applied[shard])]
                for shard in overlapping
            }
            answers |= await self._attempt(rest)
        done = {
            shard: [logged.entry_id for logged in taken[shard]]
            for shard, answer in answers.items()
            if answer >= 0
        }
        await self._streams.acknowledge(done)
        self.n_applied += sum(len(entry_ids) for entry_ids in done.values())
        if tracing.is_on():
            await self._trace([logged for shard in done for logged in taken[shard]], began_ns)
        return set(taken) - set(done)

    async def _trace(self, applied: list[Logged], began_ns: int) -> None:
        """Say of the traces that led to entries that these are on the boards, and remember them."""
        traces = sorted({logged.trace for logged in applied} - {""})
        if traces:
            await self._streams.traces.note(traces)
            tracing.applied(traces, began_ns, len(applied))

    async def _attempt(self, taken: dict[int, list[Logged]]) -> dict[int, int]:
        """Apply entries by shard; return what became of each shard's (see `Boards.apply`)."""
        previous = await self._streams.previous(
            {shard: entries[0].entry_id for shard, entries in taken.items()}
        )
        batches = [
            await self._batch(shard, entries, previous[shard]) for shard, entries in taken.items()
        ]
        try:
            answers = await self._boards.apply(batches, now_us())
        except StoreUnavailableError:
            raise
        except StoreError:
            answers = [
                await self._apply_singly(b.shard, b.previous, taken[b.shard]) for b in batches
            ]
        return {batch.shard: answer for batch, answer in zip(batches, answers, strict=True)}

    async def _apply_singly(self, shard: int, previous: str, entries: list[Logged]) -> int:
        """Apply entries one by one after their batch failed, burying the one that fails again."""
        for logged in entries:
            batch = await self._batch(shard, [logged], previous)
            try:
                answers = await self._boards.apply([batch], now_us())
            except StoreUnavailableError:
                raise
            except StoreError as exc:
                await self._bury(shard, logged, str(exc))
                empty = Batch(shard, previous, logged.entry_id, logged.entry_id, {}, {})
                answers = await self._boards.apply([empty], now_us())
            if answers[0] < 0:
                return -1
            previous = logged.entry_id
        return 1

    async def _batch(self, shard: int, entries: list[Logged], previous: str) -> Batch:
        found = Found(self._boards, self._kinds)
        for place, logged in enumerate(entries):
            if not logged.fields:
                continue  # erased while it was pending
            try:
                event = logged.entry()
            except (*UNREADABLE, KeyError) as exc:
                await self._bury(shard, logged, f"{type(exc).__name__}: {exc}")
                continue
            found.add(logged, event, place)
        first, last = entries[0].entry_id, entries[-1].entry_id
        strangers = frozenset[str]() if self._takes_unknown else found.strangers()
        return Batch(shard, previous, first, last, *found.sums(), strangers)

    async def _bury(self, shard: int, logged: Logged, reason: str) -> None:
        log.error("entry_buried", shard=shard, entry_id=logged.entry_id, reason=reason)
        await self._streams.bury(shard, logged, reason)
