"""Items at hand: the bodies that lists show, kept in memory up to a bound."""

from collections.abc import Iterable

import msgspec

from recsvc.core.items.item import StoredItem, view
from recsvc.errors import StoreUnavailableError
from recsvc.store.items.catalogue import Items


class ItemCache:
    """Reads items through a bounded cache; whoever follows the changes keeps it true."""

    def __init__(self, items: Items, capacity: int) -> None:
        self._items = items
        self._capacity = capacity
        self._held: dict[str, StoredItem] = {}
        self._views: dict[str, tuple[StoredItem, int, msgspec.Raw]] = {}

    def put(self, item: StoredItem) -> None:
        """Hold an item, the oldest going when there are too many."""
        self._held.pop(item.id, None)
        self._held[item.id] = item
        if len(self._held) > self._capacity:
            self.drop(next(iter(self._held)))

    def drop(self, item: str) -> None:
        """Forget an item."""
        self._held.pop(item, None)
        self._views.pop(item, None)

    def encoded_view(self, item: StoredItem, votes: int) -> msgspec.Raw:
        """Return the JSON of an item as lists show it, encoded once for as long as it stays so.

        Texts make most of an answer; encoding them anew for each reader would be most of its cost.
        """
        known = self._views.get(item.id)
        if known is None or known[0] is not item or known[1] != votes:
            known = (item, votes, msgspec.Raw(msgspec.json.encode(view(item, votes))))
            self._views[item.id] = known
        return known[2]

    def held(self, ids: Iterable[str]) -> dict[str, StoredItem]:
        """Return those of the items that are at hand."""
        return {item: self._held[item] for item in ids if item in self._held}

    async def get(self, ids: list[str]) -> dict[str, StoredItem]:
        """Return items by id; without the store, those that are at hand."""
        found = self.held(ids)
        missing = [item for item in ids if item not in found]
        if not missing:
            return found
        try:
            fetched = await self._items.get(missing)
        except StoreUnavailableError:
            return found
        for item in fetched:
            if item is not None:
                self.put(item)
                found[item.id] = item
        return found
