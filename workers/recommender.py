"""Reading: the catalogue and the recommender in a process that serves nobody, opened when needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recsvc.lists.assembled import assembled
from recsvc.lists.kit import Memory, kit
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.mail.composing import Composer
from recsvc.settings import Settings
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.pipe import Pipe


@asynccontextmanager
async def composer(redis: Redis, pipe: Pipe, settings: Settings) -> AsyncIterator[Composer]:
    """Load the catalogue and follow the store; compose from what is true at each moment.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    items = Items(pipe, settings.lists.trending)
    cache = ItemCache(items, settings.cached_items)
    snapshots = Snapshots(pipe, settings.snapshot_cache_path)
    index = SearchIndex()
    boards = Boards(pipe, settings.lists.trending)
    catalogue = LiveCatalogue(items, boards, cache, index)
    live = Live(redis, catalogue, LiveModel(snapshots))
    tools = kit(Memory(live, cache), settings.lists, pipe, await signatures(pipe))
    lists = assembled(tools, index, settings.zone)
    try:
        await live.start()
        yield Composer(lists, settings.digest)
    finally:
        await live.stop()
