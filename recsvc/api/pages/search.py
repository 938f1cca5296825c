"""The page that searches, and its results alone, which its script fetches while one types."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Template
from msgspec import Meta

from recsvc.api.http.list_parameters import CursorParam
from recsvc.api.http.query_shapes import reads
from recsvc.api.pages.page import render, visitor_of
from recsvc.api.services import Services
from recsvc.api.syndication.formats import alternates
from recsvc.core.access.caller import PUBLIC
from recsvc.core.choices import Sort
from recsvc.core.items.catalogue import NO_FILTERS, Filters
from recsvc.core.items.labels import Labels
from recsvc.core.items.periods import named
from recsvc.core.text.query import MAX_CHARS
from recsvc.errors import InvalidError
from recsvc.lists.search_wording import counted, of_words
from recsvc.lists.searched import Manner, SearchFeed
from recsvc.lists.shapes import Feed, Page

_LIMIT = 30
_TOPICS = 40
_FEW = 12
_ORGANISATIONS = 200

_Text = Annotated[str, Meta(max_length=1_000)]
_Date = Annotated[str, Meta(max_length=40)]


class Query(msgspec.Struct, frozen=True):
    """What a search form says; empty fields say nothing.

    Attributes:
        since, until: the first and the last day, inclusive.
    """

    q: Annotated[str, Meta(max_length=MAX_CHARS)] = ""
    topic: _Text = ""
    organisation: _Text = ""
    since: _Date = ""
    until: _Date = ""
    sort: Annotated[Sort, Meta(description="`new`: latest listed first.")] = "relevance"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.q.strip() or self.is_filtered)

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the words is asked for."""
        return bool(self.topic or self.organisation or self.since or self.until)

    def narrowed(self, **changes: str) -> str:
        """The address of the same search with other filters."""
        return f"/search?{msgspec.structs.replace(self, **changes).encoded}"

    @property
    def year(self) -> str:
        """The year that the days are, if they are one."""
        year = self.since[:4]
        return year if (self.since, self.until) == (f"{year}-01-01", f"{year}-12-31") else ""

    @property
    def encoded(self) -> str:
        """The query as part of an address."""
        fields = {k: v for k, v in msgspec.to_builtins(self).items() if v}
        if self.sort == "relevance":
            del fields["sort"]
        return urlencode(fields)


@get("/search", include_in_schema=False)
@reads(Query)
async def search_page(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: Query,
    cursor: CursorParam = None,
) -> Template:
    """The form, and what it finds."""
    return await _shown(request, services, asked, cursor, is_typing=False)


@get("/search/results", include_in_schema=False)
@reads(Query)
async def results(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: Query,
) -> Template:
    """What the form finds so far, its last word perhaps unfinished."""
    return await _shown(request, services, asked, None, is_typing=True)


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    query: Query,
    cursor: str | None,
    *,
    is_typing: bool,
) -> Template:
    visitor, found = await asyncio.gather(
        visitor_of(request, services), _found(services, query, cursor, is_typing)
    )
    feed, problem = found
    report = feed.search if isinstance(feed, SearchFeed) else None
    return render(
        request, services, "search-results.html" if is_typing else "search.html", visitor,
        section="search", is_stale=feed is not None and feed.stale,
        alternates=alternates("/feeds/search", f"Search: {query.q}", urlencode({"q": query.q}))
        if query.q.strip() else [],
        query=query, feed=feed, problem=problem, report=report,
        said=[] if report is None else [counted(report, "paper"), *of_words(report, "paper")],
        reach=services.settings.lists.depth,
        topics=_frequent(services, services.live.catalogue.topics, _TOPICS),
        organisations=_frequent(services, services.live.catalogue.organisations, _ORGANISATIONS),
        here=f"/search?{query.encoded}" if is_typing else None,
    )  # fmt: skip


async def _found(
    services: Services, query: Query, cursor: str | None, is_typing: bool
) -> tuple[Feed | None, str]:
    """Return what a query finds, or why nothing can be looked for."""
    if query.is_empty:
        return None, ""
    try:
        page = Page(_LIMIT, cursor, _filters(services, query))
    except InvalidError as exc:
        return None, str(exc)
    if not query.q.strip():
        return await services.lists.boards.new(page), ""
    manner = Manner(prefix=is_typing, sort=query.sort, facets=True)
    return await services.lists.search.search(query.q, page, manner), ""


def _filters(services: Services, query: Query) -> Filters:
    """Return a query's filters.

    Raises:
        InvalidError: for a date that is none.
    """
    if not query.is_filtered:
        return NO_FILTERS
    zone = services.settings.zone
    return Filters(
        topic=(query.topic,) if query.topic else (),
        organisation=(query.organisation,) if query.organisation else (),
        since_us=named("daily", query.since, zone).start_us if query.since else None,
        until_us=named("daily", query.until, zone).end_us if query.until else None,
    )


def _frequent(services: Services, labels: Labels, n: int) -> list[tuple[str, int]]:
    """Return the most frequent labels, with the number of their items; rare ones only where few are."""
    counts = labels.counts(services.live.catalogue.visible)
    found = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:n]
    return [one for place, one in enumerate(found) if place < _FEW or one[1] > 1]


router = Router(
    "/",
    route_handlers=[search_page, results],
    opt={"access": PUBLIC},
)
