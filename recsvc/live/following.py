"""Following: how a process keeps up with the store, in three loops.

One hears what changed of items and boards, and takes it in within milliseconds; one builds the model
anew where that made it stale; one looks twice a second at what is published and at how the worker is
doing. When the store was lost and found, everything is loaded anew.
"""

import asyncio
import contextlib
import gc
import time

import structlog

from recsvc.background import Background, in_step, pause_in_step
from recsvc.clock import SECOND_US, now_us
from recsvc.errors import StoreError
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.model import LiveModel
from recsvc.live.waiting import Waiting
from recsvc.live.worker_watch import WorkerWatch
from recsvc.store.clock import EVERY_S, follow_clock
from recsvc.store.connection import Redis, look_whether_it_accepts
from recsvc.store.entry_ids import parse
from recsvc.store.items.news import News, news_since
from recsvc.store.pipe import Pipe

log = structlog.get_logger()

_WAIT_MS = 1_000  # what comes ends the wait
_RETRY_S = 0.5
_TICK_S = 0.5
_REBUILD_PAUSE_S = 0.02
_PER_RECOUNT = 1_000
_STIRRED_S = 5.0
_REST_S = 2.0


class Following:
    """Keeps the catalogue, the boards and the model up to date.

    Attributes:
        seen_us: when the store was last heard of.
        late_us: how late this process is with what it has to do: news it did not get to is no silence.
    """

    def __init__(self, redis: Redis, catalogue: LiveCatalogue, model: LiveModel) -> None:
        self.catalogue = catalogue
        self.model = model
        self.worker = WorkerWatch(redis)
        self.waiting = Waiting(catalogue, self.worker)
        self.seen_us = 0
        self.late_us = 0
        self._redis = redis
        self._hearing = Pipe(redis)
        self._loops = Background()
        self._stale_model = asyncio.Event()
        self._is_lost = False
        self._is_counted = True
        self._stirred_s = self._looked_s = time.monotonic()

    async def start(self, kept: Pipe | None = None) -> None:
        """Load everything, then follow in the background.

        Args:
            kept: what stands for the store while it is away; all is loaded anew once it is there.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        self.worker.start()
        if kept is None:
            await self._load()
        else:
            await self._load_kept(kept)
        self._loops.start(self._hear, "live-hear")
        self._loops.start(self._rebuild, "live-rebuild")
        self._loops.start(self._look, "live-look")
        self._loops.start(self._set_clock, "live-clock")
        self._loops.start(self._notice_delay, "live-delay")

    async def stop(self) -> None:
        """Stop following."""
        await self._loops.stop()

    async def look_around(self) -> None:
        """Ask how the worker is doing and how much it has to do.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        await self.worker.look(self.catalogue.applied)
        self._looked_s = time.monotonic()

    def _is_at_rest(self) -> bool:
        """Return whether nothing came for a while: then to ask every shard's log is most of the work."""
        return not self.worker.events_behind and time.monotonic() - self._stirred_s > _STIRRED_S

    async def _load(self) -> None:
        await follow_clock(self._redis)
        catalogue_id = await self.catalogue.identify()
        self.model.texts.clear()
        await self.model.follow(catalogue_id)
        await self.catalogue.load(self.model.texts.take)
        await self.look_around()
        self.seen_us = now_us()
        await self._build()
        _settle()

    async def _load_kept(self, kept: Pipe) -> None:
        self._is_lost = True
        catalogue_id = await self.catalogue.identify(kept)
        await self.model.follow(catalogue_id, kept)
        await self.catalogue.load(self.model.texts.take, kept)
        await self._build()

    async def _hear(self) -> None:
        try:
            if self._is_lost:
                await self._load()  # whatever happened meanwhile, an emptied store included
                log.info("store_found")
                self._is_lost = False
            news = await news_since(self._hearing, self.catalogue.place, _WAIT_MS)
            self.seen_us = now_us()
            if news is not None:
                await self._take(news)
        except StoreError as exc:
            if not self._is_lost:
                log.warning("store_lost", error=str(exc))
            self._is_lost = True
            await asyncio.sleep(_RETRY_S)

    async def _take(self, news: News) -> None:
        self._stirred_s = time.monotonic()
        if news.rows:
            placed = await self.catalogue.take_items(news.rows)
            for row, _ in placed:
                if not self.model.texts.knows(row):
                    self.waiting.arrived(row, parse(news.place.changes))
            await self.model.texts.take(placed)
        self.catalogue.take_boards(news)
        # Not before: a model built meanwhile would claim to hold what it has not seen.
        self.catalogue.place = news.place
        if news.rows:
            self._stale_model.set()
        self.waiting.moved()

    async def _rebuild(self) -> None:
        await self._stale_model.wait()
        self._stale_model.clear()
        await self._build()
        await asyncio.sleep(_REBUILD_PAUSE_S)

    async def _build(self) -> None:
        at = parse(self.catalogue.place.changes)
        await self.model.build(self.catalogue.catalogue.n)
        self.waiting.built(at)

    async def _look(self) -> None:
        await pause_in_step(_RETRY_S)
        with contextlib.suppress(StoreError):  # later
            await self._look_after_worker()
            await look_whether_it_accepts(self._redis)
            if await self.model.follow(self.catalogue.catalogue_id):
                self._is_counted = False
            if not self._is_counted:
                await self._recount()
                self._is_counted = True
                self._stale_model.set()
            if await self.model.follow_warmed():
                self._stale_model.set()

    async def _look_after_worker(self) -> None:
        if not self._is_at_rest():
            await self.look_around()
        elif time.monotonic() - self._looked_s > _REST_S:
            if await self.worker.glance():
                await self.look_around()
            self._looked_s = time.monotonic()

    async def _notice_delay(self) -> None:
        asked_s = time.monotonic()
        tick_s = in_step(_TICK_S, asyncio.get_running_loop().time())
        await asyncio.sleep(tick_s)
        late_us = int((time.monotonic() - asked_s - tick_s) * SECOND_US)
        self.late_us = max(late_us, self.late_us // 2)

    async def _set_clock(self) -> None:
        await pause_in_step(EVERY_S)
        with contextlib.suppress(StoreError):  # later
            await follow_clock(self._redis)

    async def _recount(self) -> None:
        """Count the texts that another snapshot described and this one does not."""
        missing = self.model.texts.missing()
        for start in range(0, len(missing), _PER_RECOUNT):
            rows = missing[start : start + _PER_RECOUNT]
            await self.model.texts.take(await self.catalogue.items_at(rows))


def _settle() -> None:
    """Have the garbage collector leave alone what was loaded.

    It stays, and looking through it again and again would stop every request meanwhile: for 0.2 s
    with 100,000 items.
    """
    gc.collect()
    gc.freeze()
