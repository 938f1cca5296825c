"""Waiting: requests that hold on until what they rely on is in memory, and not for long."""

import asyncio
from collections.abc import Callable

from numpy import int64
from numpy.typing import NDArray

from recsvc.clock import now_us
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.worker_watch import WorkerWatch
from recsvc.places import given_away
from recsvc.store import keys
from recsvc.store.entry_ids import FIRST, EntryId, parse
from recsvc.store.heartbeat import is_at_work

_FRESH_MS = 1_000

Reached = Callable[[], bool]


class Waiting:
    """Whoever waits, and what for; looked at anew whenever something moved."""

    def __init__(self, catalogue: LiveCatalogue, worker: WorkerWatch) -> None:
        self._catalogue = catalogue
        self._worker = worker
        self._waiting: dict[asyncio.Future[None], Reached] = {}
        self._built_at: EntryId = FIRST
        self._arrived: dict[int, EntryId] = {}  # row -> change that no model holds yet

    def moved(self) -> None:
        """Let those go on whose wait is over."""
        for future, reached in self._waiting.items():
            if not future.done() and reached():
                future.set_result(None)

    def arrived(self, row: int, change: EntryId) -> None:
        """Note an item that no model describes yet, and the change that brought it."""
        self._arrived[row] = change

    def built(self, at: EntryId) -> None:
        """Note that the model holds every change up to one."""
        self._built_at = at
        self._arrived = {row: change for row, change in self._arrived.items() if change > at}
        self.moved()

    async def for_change(self, change: str, timeout_s: float) -> None:
        """Wait until a change of the catalogue is in this view, the model included, or give up."""
        awaited = parse(change)
        await self._until(lambda: self._built_at >= awaited, timeout_s)

    async def for_vote(self, user: str, entry_id: bytes, timeout_s: float) -> None:
        """Wait until a reader's own vote is on the boards, or give up.

        The worker is about a millisecond behind. Only for votes of the last second, and while there
        is a worker: when it is further behind, waiting would not help.
        """
        now, entry = now_us(), parse(entry_id)
        if is_at_work(self._worker.seen_us, now) and now // 1000 - entry[0] < _FRESH_MS:
            await self._until(lambda: self.has_vote(user, entry_id), timeout_s)

    def has_vote(self, user: str, entry_id: bytes) -> bool:
        """Return whether a reader's own vote is on the boards here."""
        return self._catalogue.applied.get(keys.shard_of(user), FIRST) >= parse(entry_id)

    async def for_items(self, items: list[str], timeout_s: float) -> None:
        """Wait until the catalogue has some items, or give up."""
        awaited = set(items)
        await self._until(lambda: awaited <= self._catalogue.catalogue.rows.keys(), timeout_s)

    async def for_rows(self, rows: NDArray[int64], timeout_s: float) -> None:
        """Wait until the model describes those of some rows that have just arrived, or give up.

        It is a moment behind the catalogue, longer while many items arrive.
        """
        if self._arrived and (awaited := self._arrived.keys() & set(rows.tolist())):
            await self._until(lambda: self._arrived.keys().isdisjoint(awaited), timeout_s)

    async def _until(self, reached: Reached, timeout_s: float) -> None:
        if reached():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = reached
        try:
            async with given_away():
                await asyncio.wait({future}, timeout=timeout_s)
        finally:
            del self._waiting[future]
