"""Lists over HTTP: feed, rank, trending, new."""

import time
from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from recsvc.access.admission import Visit
from recsvc.api.http.door import caller_of, visit_of
from recsvc.api.http.list_parameters import FeedAsked, ListAsked, TrendingAsked
from recsvc.api.http.metrics import FEED
from recsvc.api.http.query_shapes import reads
from recsvc.api.http.quick import Quick
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import FIGURES, LISTS
from recsvc.core.choices import Fields
from recsvc.core.ids import Id
from recsvc.core.readers.events import Event, accept
from recsvc.core.readers.kinds import Kind
from recsvc.core.readers.profile import Profile, profile_of
from recsvc.lists.shapes import Feed, FeedOptions, Page


class FeedRequest(FeedAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed asked for with a body: the parameters of GET, and a history for anonymous sessions."""

    user: Id | None = None
    history: Annotated[list[Event], Meta(max_length=1000)] = msgspec.field(default_factory=list)


class RankRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The caller's own candidates."""

    items: Annotated[list[Id], Meta(min_length=1, max_length=1000)]
    user: Id | None = None
    fields: Fields = "full"


async def _feed(services: Services, visit: Visit, asked: FeedAsked) -> Feed:
    user = visit.caller.reader(asked.user)
    _charge(services, visit, asked)
    return await _timed(
        services.lists.feeds.feed(user, asked.page(), _options(services, visit, asked))
    )


async def _trending(services: Services, visit: Visit, asked: TrendingAsked) -> Feed:
    page = asked.page(visit.caller.reader(asked.user))
    return await services.lists.boards.trending(asked.window, page)


async def _new(services: Services, visit: Visit, asked: ListAsked) -> Feed:
    return await services.lists.boards.new(asked.page(visit.caller.reader(asked.user)))


@get(
    "/v1/feed",
    operation_id="getFeed",
    tags=["lists"],
    quick=Quick(_feed),
)
@reads(FeedAsked)
async def get_feed(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: FeedAsked,
) -> Feed:
    """The personal feed of a reader; for somebody unknown, what is trending and new.

    A secret key may name any reader as `user`. A user token gives its own reader's feed and is
    refused another's; with a publishable key `user` is not believed and the feed is the public one.
    """
    return await _feed(services, visit_of(request), asked)


@post("/v1/feed", operation_id="postFeed", tags=["lists"], status_code=200)
async def post_feed(
    data: JSONBody[FeedRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Feed:
    """The same with a body, and with the history of an anonymous session in it."""
    visit = visit_of(request)
    user = visit.caller.reader(data.user)
    _charge(services, visit, data)
    history, options = _history(data.history, services.kinds), _options(services, visit, data)
    return await _timed(services.lists.feeds.feed(user, data.page(), options, history))


@post("/v1/rank", operation_id="rank", tags=["lists"], problems=(), status_code=200)
async def post_rank(
    data: JSONBody[RankRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Feed:
    """The caller's own candidates in personal order, each once; last those that cannot be ranked.

    What the reader hid or mutes has the source `hidden`, what does not exist or is hidden from everybody
    the source `unknown`: a score of 0, no `item`, and a reason that says so.
    """
    user = caller_of(request).reader(data.user)
    asked = Page(len(data.items), ids_only=data.fields == "id", encoded=True)
    return await services.lists.candidates.rank(user, data.items, asked)


@get(
    "/v1/trending",
    operation_id="getTrending",
    tags=["lists"],
    quick=Quick(_trending),
)
@reads(TrendingAsked)
async def get_trending(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: TrendingAsked,
) -> Feed:
    """What gathers votes now; for a reader, without what they hid and mute."""
    return await _trending(services, visit_of(request), asked)


@get(
    "/v1/new",
    operation_id="getNew",
    tags=["lists"],
    quick=Quick(_new),
)
@reads(ListAsked)
async def get_new(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: ListAsked,
) -> Feed:
    """Every visible item, latest listed first; reached in full by following `next`."""
    return await _new(services, visit_of(request), asked)


def _charge(services: Services, visit: Visit, asked: FeedAsked) -> None:
    """Charge what explaining costs: each place has its votes read, as `/v1/votes/explain` does."""
    if asked.explain:
        services.admission.charge(visit, asked.limit)


def _options(services: Services, visit: Visit, asked: FeedAsked) -> FeedOptions:
    """Return what is wanted otherwise than usual, variants that somebody tries out included.

    Raises:
        NotAllowedError: when somebody tries one out who may not see figures.
        InvalidError, NotFoundError: when there is no such variant.
    """
    options = asked.options()
    if visit.head.variant is None:
        return options
    visit.caller.check(FIGURES)
    trial = services.experiments.forced(visit.head.variant)
    return msgspec.structs.replace(options, trial=trial, is_look=True)


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
