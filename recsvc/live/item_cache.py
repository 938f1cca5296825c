"""Items at hand: the bodies that lists show, kept in memory up to a bound.

What everybody sees comes from here, so that what is hidden, and what of `extra` is not for everybody,
stops here: no list, page or feed can forget to leave it out.
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from recsvc.core.items.address import WHERE_THEY_LIVE, Addresses
from recsvc.core.items.item import ItemView, StoredItem, shown, view
from recsvc.errors import StoreUnavailableError
from recsvc.store.items.catalogue import Items


class ItemCache:
    """Reads items through a bounded cache; whoever follows the changes keeps it true.

    Args:
        public_extra: the names in `extra` that everybody may see; None: all.
        addresses: where items are to be read.
    """

    def __init__(
        self,
        items: Items,
        capacity: int,
        public_extra: frozenset[str] | None = None,
        addresses: Addresses = WHERE_THEY_LIVE,
    ) -> None:
        self._items = items
        self._addresses = addresses
        self._public_extra = public_extra
        self._capacity = capacity
        # Whose first is found at once, however many went before it.
        self._held: OrderedDict[str, StoredItem] = OrderedDict()
        self._views: dict[str, tuple[StoredItem, int, msgspec.Raw]] = {}

    def put(self, item: StoredItem) -> StoredItem | None:
        """Hold an item as everybody may see it, the oldest going when there are too many; return it."""
        self.drop(item.id)
        seen = shown(item, self._public_extra)
        if seen is None:
            return None
        self._held[item.id] = seen
        if len(self._held) > self._capacity:
            self.drop(next(iter(self._held)))
        return seen

    def drop(self, item: str) -> None:
        """Forget an item."""
        self._held.pop(item, None)
        self._views.pop(item, None)

    def view(self, item: StoredItem, votes: int) -> ItemView:
        """Return an item as lists show it."""
        return view(item, votes, self._addresses)

    def encoded_view(self, item: StoredItem, votes: int) -> msgspec.Raw:
        """Return the JSON of an item as lists show it, encoded once for as long as it stays so.

        Texts make most of an answer; encoding them anew for each reader would be most of its cost.
        """
        known = self._views.get(item.id)
        if known is None or known[0] is not item or known[1] != votes:
            known = (item, votes, msgspec.Raw(msgspec.json.encode(self.view(item, votes))))
            self._views[item.id] = known
        return known[2]

    def held(self, ids: Iterable[str]) -> dict[str, StoredItem]:
        """Return those of the items that are at hand."""
        return {item: self._held[item] for item in ids if item in self._held}

    async def get(self, ids: list[str]) -> dict[str, StoredItem]:
        """Return items by id, none that is hidden; without the store, those that are at hand."""
        found = self.held(ids)
        missing = [item for item in ids if item not in found]
        if not missing:
            return found
        try:
            fetched = await self._items.get(missing)
        except StoreUnavailableError:
            return found
        for item in fetched:
            if item is not None and (seen := self.put(item)) is not None:
                found[item.id] = seen
        return found
