"""Lists syndicated over HTTP: open to anybody, the personal one to whoever knows its address."""

from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import quote

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter

from recsvc.api.http.addresses import base_of
from recsvc.api.http.list_parameters import (
    Exclude,
    Limit,
    Organisations,
    Since,
    Topics,
    TopicsAll,
    TopicsNot,
    Until,
    page,
)
from recsvc.api.services import Services
from recsvc.api.syndication import atom, json_feed, rss
from recsvc.api.syndication.channel import Channel, entry, plain
from recsvc.api.syndication.conditional import respond
from recsvc.api.syndication.formats import Format, split
from recsvc.clock import HOUR_US, now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.items.periods import PeriodKind
from recsvc.errors import InvalidError, NotAllowedError, NotFoundError
from recsvc.lists.shapes import Feed, Page

PURPOSE = "private-feed"

Window = Literal["day", "week", "month", "all"]
_PERIODS = get_args(PeriodKind)
_ANSWERS = {rss.MEDIA_TYPE: str, atom.MEDIA_TYPE: str, json_feed.MEDIA_TYPE: dict[str, Any]}
_OPEN = "public, max-age=60"
_PRIVATE = "private, no-cache"


def asked_entries(
    limit: Limit = 50,
    topic: Topics = None,
    topic_all: TopicsAll = None,
    topic_not: TopicsNot = None,
    organisation: Organisations = None,
    since: Since = None,
    until: Until = None,
    exclude: Exclude = None,
) -> Page:
    """Read the parameters that every syndicated list takes; a dependency of its handlers."""
    return page(limit, None, "id", topic, topic_all, topic_not, since, until, exclude, organisation)


@get("/feeds/{file:str}", operation_id="getListAsFeed", tags=["feeds"])
async def get_list(
    file: Annotated[
        str,
        PathParameter(
            description="`trending`, `new`, `daily`, `weekly`, `monthly` (the latest), `similar` or "
            "`search`, ending in `.rss`, `.atom` or `.json`."
        ),
    ],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
    window: Annotated[Window, QueryParameter(description="Of `trending`.")] = "week",
    item: Annotated[str | None, QueryParameter(description="Of `similar`.", max_length=256)] = None,
    q: Annotated[str | None, QueryParameter(description="Of `search`.", max_length=1_000)] = None,
) -> Response[bytes]:
    """A list as RSS, Atom or JSON Feed."""
    name, form = split(file)
    if name == "trending":
        listed = await services.recommender.trending(window, asked)
        title = f"Trending ({window})" if window != "week" else "Trending"
    elif name == "new":
        listed, title = await services.recommender.new(asked), "New"
    elif name == "similar":
        listed = await services.recommender.similar([_given(item, "item")], [], asked)
        title = f"Similar to {item}"
    elif name == "search":
        # Latest first: a reader shows what is new, not what fits best.
        listed = await services.search.search(_given(q, "q"), asked, sort="new")
        title = f"Search: {q}"
    elif name in _PERIODS:
        kind = cast(PeriodKind, name)
        latest = services.periods.latest(kind, asked)
        if latest is None:
            return await _answer(request, services, form, f"The latest {name}", None)
        listed, title = await services.periods.listed(kind, latest, asked), f"Listed {latest}"
    else:
        raise NotFoundError(f"there is no list {name!r}")
    return await _answer(request, services, form, title, listed)


@get("/feeds/{kind:str}/{file:str}", operation_id="getPeriodAsFeed", tags=["feeds"])
async def get_period(
    kind: Annotated[str, PathParameter(description="`daily`, `weekly`, `monthly` or `personal`.")],
    file: Annotated[
        str, PathParameter(description="The period, or the signed part of a private address.")
    ],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
) -> Response[bytes]:
    """What was listed in a period, or a reader's own list, as RSS, Atom or JSON Feed."""
    name, form = split(file)
    if kind == "personal":
        user = await reader_at(services, name)
        listed = await services.recommender.feed(user, asked)
        return await _answer(request, services, form, "For you", listed, is_private=True)
    if kind not in _PERIODS:
        raise NotFoundError(f"there is no list {kind!r}")
    period: Feed = await services.periods.listed(cast(PeriodKind, kind), name, asked)
    return await _answer(request, services, form, f"Listed {name}", period)


async def reader_at(services: Services, signed: str) -> str:
    """Return whose private address it is.

    Raises:
        NotFoundError: when it was never given out, or has been revoked.
    """
    try:
        payload = services.signatures.read(PURPOSE, signed)
    except NotAllowedError:
        raise NotFoundError("there is no such feed (any more)") from None
    user, since_us = cast(tuple[str, int], payload)
    if await services.preferences.address(user) != since_us:
        raise NotFoundError("there is no such feed (any more)")
    return user


async def _answer(
    request: Request[Any, Any, Any],
    services: Services,
    form: Format,
    title: str,
    listed: Feed | None,
    *,
    is_private: bool = False,
) -> Response[bytes]:
    base = base_of(request, services)
    ids = [] if listed is None else [place.id for place in listed.items]
    bodies = await services.cache.get(ids)
    channel = Channel(
        title=plain(title),
        description=f"{plain(title)}, by {listed.sorted_by}" if listed else plain(title),
        catalogue=services.live.catalogue_id,
        home_url=f"{base}/",
        self_url=quote(str(request.url), safe="/:?&=%[]@!$'()*+,;~#"),
        entries=[entry(bodies[i], base) for i in ids if i in bodies],
    )
    changed_us = services.live.changed_us
    if is_private:
        changed_us = now_us()  # the reader's own doings change it; its tag tells
    elif listed is None or listed.source == "trending":
        changed_us = max(changed_us, now_us() // HOUR_US * HOUR_US)  # its order ages
    cache_control = _PRIVATE if is_private else _OPEN
    return respond(request, form.render(channel), form.media_type, changed_us, cache_control)


def _given(value: str | None, name: str) -> str:
    if not value:
        raise InvalidError(f"this feed needs {name!r}", name)
    return value


router = Router(
    "/",
    route_handlers=[get_list, get_period],
    dependencies={"asked": Provide(asked_entries, sync_to_thread=False)},
    opt={"access": PUBLIC, "problems": (404,), "answers": _ANSWERS},
)
