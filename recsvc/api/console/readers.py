"""The console's page of one reader: what they did, and their feed explained voice by voice."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from recsvc.api.console.page import PATH, page
from recsvc.api.services import Services
from recsvc.lists.shapes import FeedOptions, Listed, Page

_PLACES = 20


class Place(msgspec.Struct, frozen=True):
    """A place of a feed, and what speaks for it.

    Attributes:
        points: of each voice that says anything, the loudest first; none where nobody's own voice spoke.
        history: what of the reader's history is behind it: an item, what they did, its points.
        terms: words that count, with their points.
    """

    listed: Listed
    points: list[tuple[str, float]]
    history: list[tuple[str, str, float]]
    terms: list[tuple[str, float]]


@get(f"{PATH}/reader", include_in_schema=False)
async def reader(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    user: Annotated[str, QueryParameter(max_length=256)] = "",
    item: Annotated[str, QueryParameter(max_length=256)] = "",
) -> Template:
    """A reader's feed as it is now, and on demand where one item would stand in it."""
    user, item = user.strip(), item.strip()
    asked = Page(_PLACES, explain=True, goes_on=False)
    feed = profile = sought = None
    if user:
        profile, _ = await services.profiles.read(user)
        feed = await services.lists.feeds.feed(user, asked, FeedOptions(is_look=True))
    if user and item:
        ranked = await services.lists.candidates.rank(user, [item], asked)
        sought = place(ranked.items[0])
    return page(
        request, "reader", user=user, item=item, feed=feed, profile=profile, sought=sought,
        places=[] if feed is None else [place(one) for one in feed.items],
    )  # fmt: skip


def place(listed: Listed) -> Place:
    """Return a place with its account taken apart for people."""
    account = listed.account
    if isinstance(account, msgspec.UnsetType):
        return Place(listed, [], [], [])
    points = [(name, said) for name, said in _points(account).items() if said]
    return Place(
        listed,
        sorted(points, key=lambda one: -abs(one[1])),
        [(one.item, one.kind, _total(one)) for one in account.history],
        [(one.term, one.points) for one in account.terms],
    )


def _total(entry: Any) -> float:
    """Return what an item of the history adds, by all voices together."""
    return sum(_points(entry).values())


def _points(summed: Any) -> dict[str, float]:
    """Return all that adds up to the points of an account, or of an entry of one, by name."""
    fields = msgspec.structs.asdict(summed)
    return {name: value for name, value in fields.items() if isinstance(value, float)}


router = Router("/", route_handlers=[reader])
