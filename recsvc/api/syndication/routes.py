"""Lists syndicated over HTTP: open to anybody, the personal one to whoever knows its address."""

from typing import Annotated, Any, cast
from urllib.parse import quote

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from recsvc.api.http.list_parameters import EntriesAsked, FileAsked
from recsvc.api.http.query_shapes import reads
from recsvc.api.services import Services
from recsvc.api.syndication import atom, json_feed, rss
from recsvc.api.syndication.channel import Channel, entry
from recsvc.api.syndication.conditional import respond
from recsvc.api.syndication.formats import Format, split
from recsvc.api.syndication.named_lists import Titled, named_list, period
from recsvc.clock import HOUR_US, now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.text.display import printable
from recsvc.errors import NotAllowedError, NotFoundError
from recsvc.lists.shapes import FeedOptions

PURPOSE = "private-feed"

_ANSWERS = {rss.MEDIA_TYPE: str, atom.MEDIA_TYPE: str, json_feed.MEDIA_TYPE: dict[str, Any]}
_OPEN = "public, max-age=60"
_PRIVATE = "private, no-cache"
# By a program, again and again, whoever reads what it found.
_POLLED = FeedOptions(is_look=True)


@get(
    "/feeds/{file:str}",
    operation_id="getListAsFeed",
    tags=["feeds"],
)
@reads(FileAsked)
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
    asked: FileAsked,
) -> Response[bytes]:
    """A list as RSS, Atom or JSON Feed."""
    name, form = split(file)
    return await _answer(request, services, form, await named_list(services, name, asked))


@get("/feeds/{kind:str}/{file:str}", operation_id="getPeriodAsFeed", tags=["feeds"])
@reads(EntriesAsked)
async def get_period(
    kind: Annotated[str, PathParameter(description="`daily`, `weekly`, `monthly` or `personal`.")],
    file: Annotated[
        str, PathParameter(description="The period, or the signed part of a private address.")
    ],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: EntriesAsked,
) -> Response[bytes]:
    """What was listed in a period, or a reader's own list, as RSS, Atom or JSON Feed."""
    name, form = split(file)
    if kind == "personal":
        user = await reader_at(services, name)
        feed = await services.lists.feeds.feed(user, asked.page(), _POLLED)
        found = Titled("For you", feed, is_private=True)
    else:
        found = await period(services, kind, name, asked)
    return await _answer(request, services, form, found)


async def reader_at(services: Services, concealed: str) -> str:
    """Return whose private address it is.

    Raises:
        NotFoundError: when it was never given out, or has been revoked.
    """
    try:
        payload = services.signatures.reveal(PURPOSE, concealed)
    except NotAllowedError:
        raise NotFoundError("there is no such feed (any more)") from None
    user, since_us = cast(tuple[str, int], payload)
    if await services.preferences.address(user) != since_us:
        raise NotFoundError("there is no such feed (any more)")
    return user


async def _answer(
    request: Request[Any, Any, Any], services: Services, form: Format, found: Titled
) -> Response[bytes]:
    title, listed = printable(found.title), found.listed
    base = services.settings.site_url  # whatever name the request came under: caches keep feeds
    addresses = services.settings.addresses
    ids = [] if listed is None else [place.id for place in listed.items]
    bodies = await services.cache.get(ids)
    channel = Channel(
        title=title,
        description=f"{title}, by {listed.sorted_by}" if listed else title,
        catalogue=services.live.catalogue_id,
        home_url=f"{base}/",
        self_url=base + quote(_own_path(request), safe="/:?&=%[]@!$'()*+,;~#"),
        entries=[entry(bodies[i], addresses, f"{base}/") for i in ids if i in bodies],
        hub_url="" if found.is_private else services.settings.websub_hub_url,
    )
    changed_us = services.live.changed_us
    if found.is_private:
        changed_us = now_us()  # the reader's own doings change it; its tag tells
    elif listed is None or listed.source == "trending":
        changed_us = max(changed_us, now_us() // HOUR_US * HOUR_US)  # its order ages
    cache_control = _PRIVATE if found.is_private else _OPEN
    answer = respond(request, form.render(channel), form.media_type, changed_us, cache_control)
    # WebSub (w3.org/TR/websub), section 4: in the head, too, for who reads no further.
    if channel.hub_url:
        links = f'<{channel.hub_url}>; rel="hub", <{channel.self_url}>; rel="self"'
        answer.headers["Link"] = links
    return answer


def _own_path(request: Request[Any, Any, Any]) -> str:
    """Return a list's own address behind the service's."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


router = Router(
    "/",
    route_handlers=[get_list, get_period],
    opt={"access": PUBLIC, "problems": (404,), "answers": _ANSWERS},
)
