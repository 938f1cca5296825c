"""Lists over HTTP: feed, rank, trending, new."""

import time
from collections.abc import Awaitable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from recsvc.api.http.door import caller_of
from recsvc.api.http.list_parameters import (
    CursorParam,
    Diversity,
    Exclude,
    Explain,
    Explore,
    Fields,
    HalfLife,
    Limit,
    Seen,
    Since,
    Topics,
    TopicsAll,
    TopicsNot,
    Until,
    UserParam,
    page,
)
from recsvc.api.http.metrics import FEED
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import LISTS
from recsvc.core.ids import Id
from recsvc.core.readers.events import Event, accept
from recsvc.core.readers.kinds import Kind
from recsvc.core.readers.profile import Profile, profile_of
from recsvc.lists.shapes import Feed, FeedOptions, Page


class FeedRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A feed asked for with a body: the parameters of GET, and a history for anonymous sessions."""

    user: Id | None = None
    history: Annotated[list[Event], Meta(max_length=1000)] = msgspec.field(default_factory=list)
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | None = None
    topic: list[str] = msgspec.field(default_factory=list)
    topic_all: list[str] = msgspec.field(default_factory=list)
    topic_not: list[str] = msgspec.field(default_factory=list)
    since: str | None = None
    until: str | None = None
    exclude: list[str] = msgspec.field(default_factory=list)
    fields: Literal["full", "id"] = "full"
    seen: Literal["7d", "30d", "forever", "show"] | None = None
    diversity: Annotated[float, Meta(ge=0, le=1)] | None = None
    freshness_half_life: Annotated[float, Meta(gt=0, le=36_500)] | None = None
    explore: Annotated[float, Meta(ge=0, le=1)] | None = None
    explain: bool = False


class RankRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The caller's own candidates."""

    items: Annotated[list[Id], Meta(min_length=1, max_length=1000)]
    user: Id | None = None
    fields: Literal["full", "id"] = "full"


@get("/v1/feed", operation_id="getFeed", tags=["lists"])
async def get_feed(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    user: UserParam = None,
    limit: Limit = 20,
    cursor: CursorParam = None,
    topic: Topics = None,
    topic_all: TopicsAll = None,
    topic_not: TopicsNot = None,
    since: Since = None,
    until: Until = None,
    exclude: Exclude = None,
    fields: Fields = "full",
    seen: Seen = None,
    diversity: Diversity = None,
    freshness_half_life: HalfLife = None,
    explore: Explore = None,
    explain: Explain = False,
) -> Feed:
    """The personal feed of a reader; for somebody unknown, what is trending and new.

    A secret key may name any reader as `user`. A user token gives its own reader's feed and is
    refused another's; with a publishable key `user` is not believed and the feed is the public one.
    """
    user = caller_of(request).reader(user)
    asked = page(limit, cursor, fields, topic, topic_all, topic_not, since, until, exclude)
    asked = _explained(asked, explain)
    options = FeedOptions(seen, freshness_half_life, diversity, explore)
    return await _timed(services.recommender.feed(user, asked, options))


@post("/v1/feed", operation_id="postFeed", tags=["lists"], status_code=200)
async def post_feed(
    data: JSONBody[FeedRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Feed:
    """The same with a body, and with the history of an anonymous session in it."""
    user = caller_of(request).reader(data.user)
    asked = page(
        data.limit, data.cursor, data.fields, data.topic, data.topic_all, data.topic_not,
        data.since, data.until, data.exclude,
    )  # fmt: skip
    asked = _explained(asked, data.explain)
    options = FeedOptions(data.seen, data.freshness_half_life, data.diversity, data.explore)
    history = _history(data.history, services.kinds)
    return await _timed(services.recommender.feed(user, asked, options, history))


@post("/v1/rank", operation_id="rank", tags=["lists"], problems=(), status_code=200)
async def post_rank(
    data: JSONBody[RankRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Feed:
    """The caller's own candidates in personal order; unknown and hidden ones are left out."""
    user = caller_of(request).reader(data.user)
    asked = page(len(data.items), None, data.fields)
    return await services.recommender.rank(user, data.items, asked)


@get("/v1/trending", operation_id="getTrending", tags=["lists"])
async def get_trending(
    services: NamedDependency[Services],
    window: Annotated[
        Literal["day", "week", "month", "all"],
        QueryParameter(description="Items voted on in this time, by votes that fade accordingly."),
    ] = "week",
    limit: Limit = 20,
    cursor: CursorParam = None,
    topic: Topics = None,
    topic_all: TopicsAll = None,
    topic_not: TopicsNot = None,
    since: Since = None,
    until: Until = None,
    exclude: Exclude = None,
    fields: Fields = "full",
) -> Feed:
    """What gathers votes now."""
    asked = page(limit, cursor, fields, topic, topic_all, topic_not, since, until, exclude)
    return await services.recommender.trending(window, asked)


@get("/v1/new", operation_id="getNew", tags=["lists"])
async def get_new(
    services: NamedDependency[Services],
    limit: Limit = 20,
    cursor: CursorParam = None,
    topic: Topics = None,
    topic_all: TopicsAll = None,
    topic_not: TopicsNot = None,
    since: Since = None,
    until: Until = None,
    exclude: Exclude = None,
    fields: Fields = "full",
) -> Feed:
    """Every visible item, latest listed first; reached in full by following `next`."""
    asked = page(limit, cursor, fields, topic, topic_all, topic_not, since, until, exclude)
    return await services.recommender.new(asked)


def _explained(asked: Page, explain: bool) -> Page:
    return msgspec.structs.replace(asked, explain=True) if explain else asked


async def _timed(making: Awaitable[Feed]) -> Feed:
    started_s = time.perf_counter()
    feed = await making
    FEED.labels(feed.source).observe(time.perf_counter() - started_s)
    return feed


def _history(events: list[Event], kinds: dict[str, Kind]) -> Profile:
    now = now_us()
    return profile_of([accept(e, e.user or "-", kinds, now) for e in events], kinds)


router = Router(
    "/",
    route_handlers=[get_feed, post_feed, post_rank, get_trending, get_new],
    opt={"access": LISTS, "problems": (410,)},
)
