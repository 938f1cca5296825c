"""Arrival: waiting a moment for an item that the store has and this process does not yet."""

from recsvc.live.item_cache import ItemCache
from recsvc.live.view import Live

NEW_ITEM_WAIT_S = 2.0


async def arrived(live: Live, cache: ItemCache, items: list[str]) -> bool:
    """Wait for those of some items that the store has; return whether there are any."""
    arriving = list(await cache.get(items))
    if arriving:
        await live.wait_for_items(arriving, NEW_ITEM_WAIT_S)
    return bool(arriving)
