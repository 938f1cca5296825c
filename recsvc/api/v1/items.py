"""The catalogue over HTTP."""

from typing import Any, cast

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from recsvc.api.http import request_body as body
from recsvc.api.http.door import may
from recsvc.api.http.openapi import accepts_records
from recsvc.api.http.path_ids import path_id, raw_path
from recsvc.api.services import Services
from recsvc.api.v1.all_items import list_items
from recsvc.api.v1.item_answers import ItemAnswer, answer_of, is_secret
from recsvc.api.v1.vote_explanations import EXPLAINED, explained
from recsvc.clock import now_us
from recsvc.core.access.caller import ITEMS, LISTS
from recsvc.core.items.item import (
    MAX_ITEMS_PER_CALL,
    ItemFields,
    ItemPatch,
    NewItem,
    StoredItem,
    completed,
    names_in,
    patched,
    shown,
)
from recsvc.errors import InvalidError, NotFoundError
from recsvc.store.items.catalogue import Change

_PREFIX = "/v1/items/"
_SEEN_WITHIN_S = 2.0

_decoder = msgspec.json.Decoder(NewItem)


class Refusal(msgspec.Struct, frozen=True):
    """Why one item of a batch was not taken."""

    index: int
    error: str
    field: str | None


class Upserted(msgspec.Struct, frozen=True):
    """What became of the items."""

    created: int
    updated: int
    unchanged: int
    rejected: list[Refusal]


@post(
    "/v1/items",
    operation_id="upsertItems",
    tags=["items"],
    status_code=200,
    access=ITEMS,
    operation_class=accepts_records(NewItem, "An item, an array of at most 1,000, or NDJSON."),
)
async def upsert(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Upserted:
    """Create or replace items; what is right is stored even if others are not."""
    raw = await body.read(request, services.settings.max_body_bytes)
    records, single = body.raw_records(raw, MAX_ITEMS_PER_CALL)
    items: dict[str, NewItem] = {}
    indices: dict[str, int] = {}
    refused: dict[int, InvalidError] = {}
    for index, record in enumerate(records):
        try:
            item = body.decode(record, _decoder)
            items[item.id], indices[item.id] = item, index
        except InvalidError as exc:
            refused[index] = exc
    created, updated, unfit = await _store_apart(services, items, {})
    refused |= {indices[item]: exc for item, exc in unfit.items()}
    if single and refused:
        raise refused[0]
    refusals = [Refusal(index, str(exc), exc.field) for index, exc in sorted(refused.items())]
    return Upserted(created, updated, len(items) - created - updated - len(unfit), refusals)


@put(
    "/v1/items/{item_id:path}",
    operation_id="putItem",
    tags=["items"],
    access=ITEMS,
    status_code=200,
    responses={201: ResponseSpec(ItemAnswer, generate_examples=False, description="Created.")},
)
async def put_item(
    item_id: FromPath[str],
    data: JSONBody[ItemFields],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[ItemAnswer]:
    """Create or replace an item."""
    identity = path_id(request, _PREFIX)
    fields = {name: getattr(data, name) for name in ItemFields.__struct_fields__}
    item = NewItem(id=identity, **fields)
    created, _ = await _store(services, {identity: item}, {})
    answer = await _answer(services, identity, request)
    return Response(answer, status_code=201 if created else 200)


@get(
    "/v1/items/{item_id:path}",
    operation_id="getItem",
    tags=["items"],
    access=LISTS,
)
async def get_item(
    item_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[ItemAnswer]:
    """One item."""
    identity = path_id(request, _PREFIX)
    if raw_path(request).endswith(EXPLAINED.encode()) and not all(
        await services.items.known([identity])
    ):
        about = path_id(request, _PREFIX, EXPLAINED)
        told = Response(await explained(request, services, about))
        return cast("Response[ItemAnswer]", told)
    return Response(await _answer(services, identity, request))


@patch(
    "/v1/items/{item_id:path}",
    operation_id="patchItem",
    tags=["items"],
    access=ITEMS,
)
async def patch_item(
    item_id: FromPath[str],
    data: JSONBody[ItemPatch],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> ItemAnswer:
    """Change fields of an item: a JSON merge patch (RFC 7396)."""
    identity = path_id(request, _PREFIX)
    now = now_us()

    def change(old: StoredItem | None) -> StoredItem:
        if old is None:
            raise NotFoundError(f"there is no item {identity!r}")
        return patched(old, data, now)

    await services.items.change({identity: change})
    await _seen(services)
    return await _answer(services, identity, request)


@delete(
    "/v1/items/{item_id:path}",
    operation_id="deleteItem",
    tags=["items"],
    access=ITEMS,
    status_code=204,
)
async def delete_item(
    item_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> None:
    """Remove an item; events about it stay in the log and count again should it return."""
    identity = path_id(request, _PREFIX)
    changed = await services.items.change({identity: lambda _: None})
    if not changed[0][1]:
        raise NotFoundError(f"there is no item {identity!r}")
    await _seen(services)


_Before = dict[str, StoredItem | None]


async def _store(services: Services, items: dict[str, NewItem], before: _Before) -> tuple[int, int]:
    """Store items and return how many were created and how many changed.

    Args:
        before: what was stored of them first, which stays when this is tried again.
    """
    if not items:
        return 0, 0
    now = now_us()

    def change_to(item: NewItem) -> Change:
        def change(old: StoredItem | None) -> StoredItem:
            before.setdefault(item.id, old)
            return completed(item, old, now)

        return change

    results = await services.items.change({i: change_to(item) for i, item in items.items()})
    await _seen(services)
    pairs = zip(items, results, strict=True)
    changed = [before[i] for i, (stored, _) in pairs if stored != before[i]]
    created = changed.count(None)
    return created, len(changed) - created


async def _store_apart(
    services: Services, items: dict[str, NewItem], before: _Before
) -> tuple[int, int, dict[str, InvalidError]]:
    """Store items, those left out that cannot be put together with what is stored.

    Returns:
        How many were created, how many changed, and why others were refused.
    """
    try:
        return *await _store(services, items, before), {}
    except InvalidError as exc:
        if len(items) == 1:
            return 0, 0, dict.fromkeys(items, exc)
    ids = [*items]
    halves = (ids[: len(ids) // 2], ids[len(ids) // 2 :])
    parts = [await _store_apart(services, {i: items[i] for i in h}, before) for h in halves]
    created, updated, refused = zip(*parts, strict=True)
    return sum(created), sum(updated), refused[0] | refused[1]


async def _seen(services: Services) -> None:
    """Wait until this process lists what it has just stored, so that the next request does."""
    latest = await services.items.last_change()
    await services.live.wait_for_change(latest, _SEEN_WITHIN_S)


async def _answer(services: Services, item_id: str, request: Request[Any, Any, Any]) -> ItemAnswer:
    ids = await services.items.resolve([item_id])
    (item,) = await services.items.get(ids)
    sees_all = may(request, ITEMS)
    if item is not None and not sees_all:
        item = None if is_secret(item) else shown(item, names_in(services.settings.public_extra))
    if item is None:
        raise NotFoundError(f"there is no item {item_id!r}")
    return answer_of(item, services, may_change=sees_all)


router = Router(
    "/",
    route_handlers=[list_items, upsert, put_item, get_item, patch_item, delete_item],
    opt={"problems": (404, 409)},
)
