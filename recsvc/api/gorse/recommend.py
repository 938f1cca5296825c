"""Gorse's recommendations: our lists, without what the user gave feedback on."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from recsvc.api.gorse.cursors import N, amount
from recsvc.api.gorse.feedback import CLOCK_ERROR_US, insert_rows
from recsvc.api.gorse.rows import names, of_user, present
from recsvc.api.gorse.shapes import Feedback, Score, entry_of, read, row_of
from recsvc.api.gorse.times import duration_us
from recsvc.api.http.door import caller_of
from recsvc.api.services import Services
from recsvc.clock import SECOND_US, now_us
from recsvc.core.access.caller import NAMED, WRITTEN_BACK
from recsvc.core.choices import Window
from recsvc.core.items.catalogue import Filters
from recsvc.core.readers.kinds import HIDE, UPVOTE
from recsvc.core.readers.off_feed import EVERY_KIND
from recsvc.core.readers.profile import profile_of
from recsvc.errors import NotFoundError
from recsvc.lists.shapes import Feed, FeedOptions, Listed, Page
from recsvc.store.readers.gorse import FeedbackRow

# Gorse leaves out what was read; what steps back before its time has come would be an order of ours.
_BY_GORSE = FeedOptions(tires=False)

UserId = Annotated[str, PathParameter(name="user_id")]
ItemId = Annotated[str, PathParameter(name="item_id")]
Name = Annotated[str, PathParameter(name="name")]
Offset = Annotated[str | None, QueryParameter(name="offset")]
PathCategory = Annotated[str | None, PathParameter(name="in_category")]
Categories = Annotated[list[str] | None, QueryParameter(name="category")]
ForUser = Annotated[str | None, QueryParameter(name="user-id")]
WriteBack = Annotated[str | None, QueryParameter(name="write-back-type")]
Delay = Annotated[str | None, QueryParameter(name="write-back-delay")]


class Slice(msgspec.Struct, frozen=True):
    """Which part of a list is asked for."""

    n: int
    offset: int
    categories: tuple[str, ...] = ()

    def page(self, exclude: tuple[str, ...] = ()) -> Page:
        """Return the list up to the end of the slice."""
        filters = Filters(topic_all=self.categories, exclude=exclude)
        n = max(self.offset + self.n, 1)
        return Page(limit=n, filters=filters, ids_only=True, goes_on=False)

    def of(self, feed: Feed) -> list[Listed]:
        """Return the slice of a list."""
        return feed.items[self.offset : self.offset + self.n]


@get(["/recommend/{user_id:str}", "/recommend/{user_id:str}/{in_category:str}"], access=NAMED)
async def recommend(
    user_id: UserId,
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    in_category: PathCategory = None,
    category: Categories = None,
    n: N = None,
    offset: Offset = None,
    write_back: WriteBack = None,
    delay: Delay = None,
) -> list[Any]:
    """Return a user's feed: ids, or scores too for clients of version 2."""
    if write_back:
        caller_of(request).check(WRITTEN_BACK)
    wanted = _slice(services, n, offset, in_category, category)
    feed = await services.lists.feeds.feed(
        user_id, wanted.page(await _seen(services, user_id)), _BY_GORSE
    )
    listed = wanted.of(feed)
    if write_back and listed:
        now = now_us()
        at_us = now + duration_us(delay) if delay else now
        rows = [FeedbackRow(write_back, user_id, one.id, 0.0, at_us, now) for one in listed]
        await insert_rows(services, rows, overwrites=False)
    if request.headers.get("x-api-version") == "2":
        return _scores(listed)
    return [one.id for one in listed]


@get("/collaborative-filtering/{user_id:str}", access=NAMED)
async def collaborative(
    user_id: UserId,
    services: NamedDependency[Services],
    category: Categories = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return a user's feed: factors and likeness are one list here."""
    wanted = _slice(services, n, offset, None, category)
    seen = await _seen(services, user_id)
    return _scores(
        wanted.of(await services.lists.feeds.feed(user_id, wanted.page(seen), _BY_GORSE))
    )


@get(["/latest", "/latest/{in_category:str}"])
async def latest(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    in_category: PathCategory = None,
    category: Categories = None,
    user_id: ForUser = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return the newest items; their score is the second they were listed in."""
    wanted = _slice(services, n, offset, in_category, category)
    page = wanted.page(await _seen(services, caller_of(request).reader(user_id)))
    listed = wanted.of(await services.lists.boards.new(page))
    catalogue = services.live.catalogue
    seconds = [int(catalogue.listed_us[catalogue.rows[one.id]]) // SECOND_US for one in listed]
    return [Score(one.id, float(s)) for one, s in zip(listed, seconds, strict=True)]


@get(["/popular", "/popular/{in_category:str}"])
async def popular(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    in_category: PathCategory = None,
    category: Categories = None,
    user_id: ForUser = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return the items with most votes."""
    wanted = _slice(services, n, offset, in_category, category)
    return await _board(services, "all", wanted, caller_of(request).reader(user_id))


@get("/non-personalized/{name:str}")
async def non_personalized(
    name: Name,
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    category: Categories = None,
    user_id: ForUser = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return a leaderboard: the window that its name speaks of, else all time."""
    wanted = _slice(services, n, offset, None, category)
    marks: dict[str, Window] = {
        "day": "day",
        "dai": "day",
        "week": "week",
        "month": "month",
        "trend": "week",
    }
    found = (w for mark, w in marks.items() if mark in name.casefold())
    user = caller_of(request).reader(user_id)
    return await _board(services, next(found, "all"), wanted, user)


@get(
    [
        "/item/{item_id:str}/neighbors",
        "/item/{item_id:str}/neighbors/{in_category:str}",
        "/item-to-item/{name:str}/{item_id:str}",
    ]
)
async def item_neighbors(
    item_id: ItemId,
    services: NamedDependency[Services],
    in_category: PathCategory = None,
    category: Categories = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return what is like an item; nothing for an unknown one."""
    wanted = _slice(services, n, offset, in_category, category)
    try:
        feed = await services.lists.similar.similar([item_id], [], wanted.page())
    except NotFoundError:
        return []
    return _scores(wanted.of(feed))


@get(["/user/{user_id:str}/neighbors", "/user-to-user/{name:str}/{user_id:str}"], access=NAMED)
async def user_neighbors(
    user_id: UserId, services: NamedDependency[Services], n: N = None, offset: Offset = None
) -> list[Score]:
    """Return users who voted for the same items."""
    wanted = _slice(services, n, offset)
    profile, _ = await services.profiles.read(user_id)
    votes = [i for i in profile.interactions if i.states.get(UPVOTE, 0) > 0]
    votes.sort(key=lambda i: (-i.last_us, i.item))
    found = await services.gorse.like_minded(user_id, [i.item for i in votes])
    return [Score(u, s) for u, s in found[wanted.offset : wanted.offset + wanted.n]]


@post(["/session/recommend", "/session/recommend/{in_category:str}"], status_code=200)
async def session(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    in_category: PathCategory = None,
    category: Categories = None,
    n: N = None,
    offset: Offset = None,
) -> list[Score]:
    """Return a feed for what somebody unknown did."""
    given: list[Feedback] = await read(request, services, list[Feedback])
    wanted = _slice(services, n, offset, in_category, category)
    now, types = now_us(), services.settings.gorse_types()
    rows = [row_of(one, now) for one in given]
    entries = [entry_of(row, types, services.kinds, now) for row in rows]
    history = profile_of(entries, services.kinds)
    page = wanted.page(tuple({row.item for row in rows}))
    return _scores(wanted.of(await services.lists.feeds.feed(None, page, history=history)))


async def _board(
    services: Services, window: Window, wanted: Slice, user: str | None
) -> list[Score]:
    page = wanted.page(await _seen(services, user))
    return _scores(wanted.of(await services.lists.boards.trending(window, page)))


async def _seen(services: Services, user: str | None) -> tuple[str, ...]:
    """Return what a user gave feedback on, as far as its time has come: Gorse shows it no more.

    Feedback of kinds that take nothing off a feed does not count.
    """
    if user is None:
        return ()
    until_us = now_us() + CLOCK_ERROR_US
    rows = present(await of_user(services, user), until_us)
    off, stands_for = services.settings.lists.profile.off_feed, names(services).kind_of
    return tuple({r.item for r in rows if EVERY_KIND in off or stands_for(r.type) in (*off, HIDE)})


def _slice(
    services: Services,
    n: str | None,
    offset: str | None,
    in_path: str | None = None,
    in_query: list[str] | None = None,
) -> Slice:
    """Read what part of a list is wanted; 0 items stand for as many as the list has."""
    depth = services.settings.lists.depth
    wanted = amount(n, "n", 10) or depth
    categories = tuple(one for one in [in_path, *(in_query or [])] if one)
    return Slice(min(wanted, depth), min(amount(offset, "offset", 0), depth), categories)


def _scores(listed: list[Listed]) -> list[Score]:
    return [Score(one.id, one.score) for one in listed]


HANDLERS = [
    recommend,
    collaborative,
    latest,
    popular,
    non_personalized,
    item_neighbors,
    user_neighbors,
    session,
]
