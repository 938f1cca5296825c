"""Pages of lists: the first page, days, weeks and months, trending, and the reader's own."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from recsvc.api.http.list_parameters import CursorParam
from recsvc.api.pages import calendar
from recsvc.api.pages.own_list import own_list
from recsvc.api.pages.page import render, visitor_of
from recsvc.api.services import Services
from recsvc.api.syndication.formats import Alternate, alternates
from recsvc.api.syndication.private import private_feed_of
from recsvc.clock import now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.choices import PeriodKind, Window
from recsvc.core.items.catalogue import Filters
from recsvc.core.items.periods import Period, holding, named
from recsvc.errors import StoreUnavailableError
from recsvc.lists.shapes import Page

_BESIDE = 6
_SHORT = 12
_MEDIUM = 20
_LONG = 50

_WINDOWS: dict[Window, str] = {"day": "Today", "week": "Week", "month": "Month", "all": "All time"}
_Jump = Annotated[str | None, QueryParameter(max_length=40)]


@get("/", include_in_schema=False)
async def home(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    held: CursorParam = None,
) -> Template:
    """What was listed on the latest day, trending, and the reader's own feed."""
    visitor = await visitor_of(request, services)
    zone = services.settings.zone
    listed_us = calendar.latest_us(services)
    day = holding("daily", now_us() if listed_us is None else listed_us, zone)
    filters = Filters(since_us=day.start_us, until_us=day.end_us)
    trending, today = await asyncio.gather(
        services.lists.boards.trending("week", Page(limit=_MEDIUM, goes_on=False)),
        services.lists.boards.new(Page(limit=_LONG, filters=filters)),
    )
    # No paper twice: what trends most is shown as that, and the reader's own list goes on from there.
    first = tuple(entry.id for entry in trending.items[:_BESIDE])
    asked = Page(limit=_SHORT, filters=Filters(exclude=first), goes_on=False)
    own = await own_list(services, visitor.user, asked, held, "/")
    shown = {entry.id for entry in own.feed.items}
    trends = [entry for entry in trending.items if entry.id not in shown][:_BESIDE]
    shown |= {entry.id for entry in trends}
    listed = [entry for entry in today.items if entry.id not in shown][:_SHORT]
    return render(
        request, services, "home.html", visitor,
        alternates=alternates("/feeds/new", "New") + alternates("/feeds/trending", "Trending"),
        is_stale=own.feed.stale,
        own=own, for_you=own.feed, trending_feed=trending, trending=trends,
        today_feed=today, today=listed, n_today=_n_listed(services, day), day=day,
        heading=calendar.title(day, zone),
        is_today=day.start_us <= now_us() < day.end_us,
    )  # fmt: skip


def _n_listed(services: Services, period: Period) -> int:
    """Return how many papers were listed in a period."""
    filters = Filters(since_us=period.start_us, until_us=period.end_us)
    return int(services.live.catalogue.mask(filters).sum())


@get("/for-you", include_in_schema=False)
async def for_you(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    cursor: CursorParam = None,
    held: CursorParam = None,
) -> Template:
    """The reader's own list."""
    visitor = await visitor_of(request, services)
    own, private = await asyncio.gather(
        own_list(services, visitor.user, Page(_LONG, cursor), held, "/for-you"),
        _private_alternates(services, visitor.user),
    )
    return render(
        request, services, "for-you.html", visitor, section="for-you", is_stale=own.feed.stale,
        alternates=private, own=own, feed=own.feed, is_first=cursor is None,
    )  # fmt: skip


async def _private_alternates(services: Services, user: str | None) -> list[Alternate]:
    """Return the reader's private feed for feed readers to discover, if they made its address."""
    try:
        private = await private_feed_of(services, user)
    except StoreUnavailableError:
        return []  # the list itself comes from memory
    return [] if private is None else alternates(private.rss.removesuffix(".rss"), "For you")


@get("/trending", include_in_schema=False)
async def trending(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    window: Annotated[Window, QueryParameter()] = "week",
    cursor: CursorParam = None,
) -> Template:
    """What gathers votes now."""
    visitor, feed = await asyncio.gather(
        visitor_of(request, services),
        services.lists.boards.trending(window, Page(_LONG, cursor)),
    )
    return render(
        request, services, "trending.html", visitor, section="trending", is_stale=feed.stale,
        alternates=alternates("/feeds/trending", f"Trending: {_WINDOWS[window]}", f"window={window}"),
        canonical="/trending" if window == "week" else f"/trending?window={window}",
        feed=feed, window=window, windows=_WINDOWS,
    )  # fmt: skip


@get(["/daily", "/daily/{name:str}"], include_in_schema=False)
async def daily(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    name: FromPath[str | None] = None,
    cursor: CursorParam = None,
    date: _Jump = None,
) -> Response[Any]:
    """What was listed on a day."""
    return await _period(request, services, "daily", name, cursor, date)


@get(["/weekly", "/weekly/{name:str}"], include_in_schema=False)
async def weekly(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    name: FromPath[str | None] = None,
    cursor: CursorParam = None,
    date: _Jump = None,
) -> Response[Any]:
    """What was listed in a week."""
    return await _period(request, services, "weekly", name, cursor, date)


@get(["/monthly", "/monthly/{name:str}"], include_in_schema=False)
async def monthly(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    name: FromPath[str | None] = None,
    cursor: CursorParam = None,
    date: _Jump = None,
) -> Response[Any]:
    """What was listed in a month."""
    return await _period(request, services, "monthly", name, cursor, date)


async def _period(
    request: Request[Any, Any, Any],
    services: Services,
    kind: PeriodKind,
    name: str | None,
    cursor: str | None,
    date: str | None,
) -> Response[Any]:
    """Show a period, the latest where none is named; or lead to the one that holds a date."""
    zone = services.settings.zone
    if date:
        start_us = named("daily", date, zone).start_us
        return Redirect(f"/{kind}/{holding(kind, start_us, zone).name}", status_code=303)
    listed_us = calendar.latest_us(services)
    latest = holding(kind, now_us() if listed_us is None else listed_us, zone)
    period = latest if name is None else named(kind, name, zone)
    visitor, feed = await asyncio.gather(
        visitor_of(request, services),
        services.lists.periods.listed(kind, period.name, Page(_LONG, cursor)),
    )
    return render(
        request, services, "period.html", visitor, section=kind, is_stale=feed.stale,
        alternates=alternates(f"/feeds/{kind}", f"The latest {kind} list"),
        canonical=f"/{kind}/{period.name}", feed=feed, period=period, latest=latest,
        heading=calendar.title(period, zone),
        views=calendar.views(period, feed, zone),
        steps=calendar.steps(feed, kind, zone),
        date=calendar.date_in(period, zone), n_listed=_n_listed(services, period),
        is_future=period.start_us > now_us(),
    )  # fmt: skip


router = Router(
    "/", route_handlers=[home, for_you, trending, daily, weekly, monthly], opt={"access": PUBLIC}
)
