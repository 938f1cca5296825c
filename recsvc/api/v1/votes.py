"""Votes over HTTP: how many an item has, and whether one is the reader's own."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from recsvc.api.http.door import caller_of
from recsvc.api.http.list_parameters import UserParam
from recsvc.api.services import Services
from recsvc.core.access.caller import LISTS
from recsvc.core.readers.kinds import UPVOTE
from recsvc.core.readers.profile import NOBODY
from recsvc.errors import InvalidError

_MAX_ITEMS = 100


class ItemVotes(msgspec.Struct, frozen=True):
    """The votes of an item, and whether the reader's is among them."""

    id: str
    upvotes: int
    upvoted: bool


class VotesAnswer(msgspec.Struct, frozen=True):
    """The votes of the items asked for, in their order; unknown and hidden ones are left out."""

    items: list[ItemVotes]


@get("/v1/votes", operation_id="getVotes", tags=["lists"], access=LISTS)
async def get_votes(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    item: Annotated[list[str], QueryParameter(description="Repeat: ids of at most 100 items.")],
    user: UserParam = None,
) -> VotesAnswer:
    """The votes of several items at once: what a page needs to show its upvote buttons."""
    if len(item) > _MAX_ITEMS:
        raise InvalidError(f"at most {_MAX_ITEMS} items at a time, not {len(item)}", "item")
    user = caller_of(request).reader(user)
    catalogue = services.live.catalogue
    rows = {i: row for i in item if (row := catalogue.row_of(i)) is not None}
    profile = NOBODY if user is None else await services.lists.audiences.profile(user)
    mine = {i.item for i in profile.interactions if i.states.get(UPVOTE, 0) > 0}
    bodies = await services.cache.get(list(rows))
    return VotesAnswer(
        [
            ItemVotes(i, bodies[i].upvotes + int(catalogue.votes[row]), i in mine)
            for i, row in rows.items()
            if i in bodies
        ]
    )


router = Router("/", route_handlers=[get_votes])
