"""Reading: the catalogue and the recommender in a process that serves nobody, opened when needed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from recsvc.lists.recommender import Recommender
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.mail.composing import Composer
from recsvc.settings import Settings
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles


@asynccontextmanager
async def composer(redis: Redis, pipe: Pipe, settings: Settings) -> AsyncIterator[Composer]:
    """Load the catalogue and follow the store; compose from what is true at each moment.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    items = Items(pipe, settings.trending_params())
    cache = ItemCache(items, settings.cached_items)
    snapshots = Snapshots(pipe, settings.snapshot_cache_path)
    boards = Boards(pipe, settings.trending_params())
    catalogue = LiveCatalogue(items, boards, cache, SearchIndex())
    live = Live(redis, catalogue, LiveModel(snapshots))
    profiles = Profiles(pipe, lambda: live.catalogue.aliases)
    recommender = Recommender(live, profiles, cache, settings.recommender_params())
    try:
        await live.start()
        yield Composer(recommender, profiles, settings.digest_params())
    finally:
        await live.stop()


class LazyComposer:
    """Opens the catalogue when the first digest needs it, and closes it when told to.

    It takes memory, and following every vote takes time: a worker without mails should need neither.
    """

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Composer]]) -> None:
        self._opening = opening
        self._lock = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._composer: Composer | None = None

    async def get(self) -> Composer:
        """Return the composer, opened if need be."""
        async with self._lock:
            if self._composer is None:
                self._composer = await self._opened.enter_async_context(self._opening())
            return self._composer

    async def close(self) -> None:
        """Let go of the catalogue until it is needed again."""
        async with self._lock:
            self._composer = None
            await self._opened.aclose()
