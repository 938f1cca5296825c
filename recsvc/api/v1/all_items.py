"""The whole catalogue, page by page."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Meta

from recsvc.api.http.door import caller_of, may
from recsvc.api.http.list_parameters import Narrowed
from recsvc.api.http.positions import Cursor, Limit, opened, sealed
from recsvc.api.http.query_shapes import reads
from recsvc.api.services import Services
from recsvc.api.v1.item_answers import ItemAnswer, answer_of
from recsvc.core.access.caller import CATALOGUE, ITEMS
from recsvc.core.items.catalogue import Catalogue, Mask
from recsvc.core.items.item import names_in, shown
from recsvc.errors import InvalidError

_Hidden = Annotated[
    Literal["show", "only"],
    Meta(
        description="`show`: also what is hidden, waits or has ended; `only`: only that. For who may "
        "change items."
    ),
]


class ItemsAsked(Narrowed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items."""

    hidden: _Hidden | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


class ItemList(msgspec.Struct, frozen=True):
    """A page of items; `next` is the cursor of the page that follows."""

    items: list[ItemAnswer]
    next: str | None


@get("/v1/items", operation_id="listItems", tags=["items"], access=CATALOGUE)
@reads(ItemsAsked)
async def list_items(
    request: Request[Any, Any, Any], services: NamedDependency[Services], asked: ItemsAsked
) -> ItemList:
    """Every item in the order of arrival, hidden ones only for who may change them.

    What arrives or changes meanwhile moves nothing: pages neither repeat nor skip.
    """
    may_change = may(request, ITEMS)
    if asked.hidden and not may_change:
        caller_of(request).check(ITEMS)
    catalogue = services.live.catalogue
    after, among = _row(asked.cursor), _among(catalogue, asked.hidden)
    rows = catalogue.arrived(asked.filters(), among, after, asked.limit + 1).tolist()
    found = await services.items.get([catalogue.id_of(row) for row in rows[: asked.limit]])
    public = names_in(services.settings.public_extra)
    present = [item for item in found if item is not None]  # the others went just now
    seen = present if may_change else [s for item in present if (s := shown(item, public))]
    items = [answer_of(item, services, may_change=may_change) for item in seen]
    return ItemList(items, sealed(str(rows[-2])) if len(rows) > asked.limit else None)


def _among(catalogue: Catalogue, hidden: str | None) -> Mask:
    match hidden:
        case "only":
            return catalogue.hidden
        case "show":
            return catalogue.hidden | catalogue.visible
    return catalogue.visible


def _row(cursor: str | None) -> int:
    """Return the row that a cursor names; -1, before all of them, without one.

    Raises:
        InvalidError: when it names none.
    """
    text = opened(cursor or "")
    if text and not (text.isdecimal() and text.isascii() and len(text) < 16):
        raise InvalidError("not a cursor of this service", "cursor")
    return int(text or -1)
