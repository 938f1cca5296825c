"""Items straight into a store, as another process puts them there."""

from functools import partial

from recsvc.core.items.item import StoredItem
from recsvc.store.items.catalogue import Items


async def put_all(items: Items, found: list[StoredItem]) -> None:
    await items.change({item.id: partial(_replaced, item) for item in found})


def _replaced(item: StoredItem, _: StoredItem | None) -> StoredItem:
    return item
