"""Gorse's items: those of the catalogue, in Gorse's words."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from recsvc.api.gorse.cursors import CapitalCursor, CursorText, N, amount, opened, sealed
from recsvc.api.gorse.shapes import MAX_ROWS, Item, ItemPatch, Success, item_as_gorse, item_of, read
from recsvc.api.http.door import may
from recsvc.api.services import Services
from recsvc.api.v1.item_answers import is_secret
from recsvc.clock import now_us
from recsvc.core.access.caller import ITEMS
from recsvc.core.items.item import ItemFields, StoredItem, completed
from recsvc.core.text.query import MAX_CHARS
from recsvc.errors import NotFoundError
from recsvc.lists.shapes import Page
from recsvc.store.items.catalogue import Change

_SEEN_WITHIN_S = 2.0
_PER_READ = 500

ItemId = Annotated[str, PathParameter(name="item_id")]
Category = Annotated[str, PathParameter(name="category")]


class Items(msgspec.Struct, rename="pascal", frozen=True):
    """A page of items."""

    cursor: str
    items: list[Item]


@post("/item", access=ITEMS, status_code=200)
async def insert_item(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Insert or replace an item."""
    return await _insert(services, [await read(request, services, Item)])


@post("/items", access=ITEMS, status_code=200)
async def insert_items(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Insert or replace items."""
    return await _insert(services, await read(request, services, list[Item]))


@get("/items")
async def get_items(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    n: N = None,
    cursor: CursorText = None,
    capital: CapitalCursor = None,
    q: Annotated[str | None, QueryParameter(name="q", max_length=MAX_CHARS)] = None,
) -> Items:
    """List items in the order of their arrival, or what a search finds, best first."""
    wanted = min(amount(n, "n", 10), MAX_ROWS)
    start = amount(opened(cursor, capital), "cursor", 0)
    if q:
        return await _search(services, q, start, wanted)
    row, last = start, services.live.catalogue.n
    found: list[Item] = []
    sees_all = may(request, ITEMS)
    while row < last and len(found) < wanted:
        ids = [services.live.catalogue.id_of(r) for r in range(row, min(row + _PER_READ, last))]
        for item in await services.items.get(ids):
            row += 1
            if item is not None and (sees_all or not is_secret(item)):
                found.append(item_as_gorse(item))
                if len(found) == wanted:
                    break
    return Items(sealed(str(row)) if row < last else "", found)


async def _search(services: Services, q: str, start: int, n: int) -> Items:
    limit = min(start + n + 1, services.settings.lists.depth)
    page = Page(limit, ids_only=True, goes_on=False)
    feed = await services.lists.search.search(q, page)
    ids = [listed.id for listed in feed.items]
    bodies = await services.items.get(ids[start : start + n])
    cursor = sealed(str(start + n)) if len(ids) > start + n else ""
    return Items(cursor, [item_as_gorse(item) for item in bodies if item is not None])


@get("/item/{item_id:str}")
async def get_item(
    item_id: ItemId, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Item:
    """Return an item; a hidden one to those who may change it."""
    (found,) = await services.items.get([item_id])
    if found is None or (is_secret(found) and not may(request, ITEMS)):
        raise NotFoundError(f"there is no item {item_id!r}")
    return item_as_gorse(found)


@patch("/item/{item_id:str}", access=ITEMS, status_code=200)
async def modify_item(
    item_id: ItemId, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Change an item."""
    changes: ItemPatch = await read(request, services, ItemPatch)
    given = {n: v for n in ItemPatch.__struct_fields__ if (v := getattr(changes, n)) is not None}
    return await _modify(services, item_id, lambda item: msgspec.structs.replace(item, **given))


@put("/item/{item_id:str}/category/{category:str}", access=ITEMS, status_code=200)
async def insert_category(
    item_id: ItemId, category: Category, services: NamedDependency[Services]
) -> Success:
    """Put an item into a category."""

    def change(item: Item) -> Item:
        categories = list(dict.fromkeys([*(item.categories or []), category]))
        return msgspec.structs.replace(item, categories=categories)

    return await _modify(services, item_id, change)


@delete("/item/{item_id:str}/category/{category:str}", access=ITEMS, status_code=200)
async def delete_category(
    item_id: ItemId, category: Category, services: NamedDependency[Services]
) -> Success:
    """Take an item out of a category."""

    def change(item: Item) -> Item:
        categories = [one for one in item.categories or [] if one != category]
        return msgspec.structs.replace(item, categories=categories)

    return await _modify(services, item_id, change)


@delete("/item/{item_id:str}", access=ITEMS, status_code=200)
async def delete_item(item_id: ItemId, services: NamedDependency[Services]) -> Success:
    """Remove an item and its rows of feedback; events about it count again should it return."""
    await services.gorse.delete(await services.gorse.of_item(item_id))
    await _change(services, {item_id: lambda _: None})
    return Success(1)


async def _insert(services: Services, given: list[Item]) -> Success:
    now = now_us()

    def change_to(item: Item) -> Change:
        return lambda old: completed(item_of(item, now), old, now)

    for start in range(0, len(given), _PER_READ):
        batch = given[start : start + _PER_READ]
        await _change(services, {item.item_id: change_to(item) for item in batch})
    return Success(len(given))


async def _modify(services: Services, item_id: str, change: Callable[[Item], Item]) -> Success:
    """Apply to an item what a change makes of it in Gorse's words, and leave the rest."""
    now = now_us()

    def changed(old: StoredItem | None) -> StoredItem:
        if old is None:
            raise NotFoundError(f"there is no item {item_id!r}")
        theirs = item_as_gorse(old)
        before, after = item_of(theirs, now), item_of(change(theirs), now)
        news = {
            name: getattr(after, name)
            for name in ItemFields.__struct_fields__
            if getattr(after, name) != getattr(before, name)
        }
        if "extra" in news:
            news["extra"] = old.extra | after.extra
        return msgspec.structs.replace(old, **news)

    await _change(services, {item_id: changed})
    return Success(1)


async def _change(services: Services, changes: dict[str, Change]) -> None:
    """Change items and wait until this process lists what has changed."""
    await services.items.change(changes)
    latest = await services.items.last_change()
    await services.live.wait_for_change(latest, _SEEN_WITHIN_S)


HANDLERS = [
    insert_item,
    insert_items,
    get_items,
    get_item,
    modify_item,
    insert_category,
    delete_category,
    delete_item,
]
