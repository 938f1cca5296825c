"""Two pages: the list in a frame of its own, and the one on which a person chooses how it looks."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from recsvc.api.embed.modules import module
from recsvc.api.embed.options import (
    EmbedOptions,
    attributes_of,
    frame_html,
    frame_url,
    options_of,
    script_html,
)
from recsvc.api.embed.page import page
from recsvc.api.http.addresses import base_of
from recsvc.api.services import Services
from recsvc.core.access.caller import PUBLIC
from recsvc.core.items.address import Addresses
from recsvc.core.items.catalogue import Filters
from recsvc.errors import NotFoundError
from recsvc.lists.shapes import Listed, Page


@get("/embed", include_in_schema=False)
async def configure(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """Choose how an embedded list looks, see it live, copy the snippet."""
    options = options_of(request.query_params)
    base = base_of(request, services.settings) + "/"
    context = {
        "options": options,
        "attributes": attributes_of(options),
        "script": script_html(base, options),
        "frame": frame_html(base, options),
        "frame_script": f'<script type="module" src="{base}embed/frame.js"></script>',
        "integrity": module("v1.js").integrity,
        "oembed": _oembed(base, options),
        "origin": base.rstrip("/"),
        "needs_key": not (options.key or services.admission.is_open),
    }
    return page("embed/configure.html", context)


@get("/embed/feed", include_in_schema=False)
async def framed(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Template:
    """One list and nothing else; its links are in the page, so that it shows without scripts too."""
    options = options_of(request.query_params)
    base = base_of(request, services.settings) + "/"
    template = services.settings.digest.item_url
    context = {
        "options": options,
        "attributes": attributes_of(options),
        "items": await _items(services, options),
        "oembed": _oembed(base, options),
        # Within the frame paths are enough, whatever name the service goes by there.
        "addresses": Addresses(template, "" if services.settings.pages else None),
        "links": {"link": template} if template else {},
    }
    return page("embed/feed.html", context, ancestors=options.origin or "*")


def _oembed(base: str, options: EmbedOptions) -> str:
    return f"{base}oembed?url={quote(frame_url(base, options), safe='')}"


async def _items(services: Services, options: EmbedOptions) -> list[Listed]:
    """Return what the list shows to somebody unknown; nothing for what is like an unknown item."""
    topics = tuple(topic.strip() for topic in options.topic.split(",") if topic.strip())
    asked = Page(options.limit, filters=Filters(topic=topics), goes_on=False)
    lists = services.lists
    try:
        if options.list == "trending":
            found = await lists.boards.trending(options.window, asked)
        elif options.list == "new":
            found = await lists.boards.new(asked)
        elif options.list == "similar":
            found = await lists.similar.similar([options.item], [], asked)
        else:
            found = await lists.feeds.feed(None, asked)
    except NotFoundError:
        return []
    return found.items


router = Router("/", route_handlers=[configure, framed], opt={"access": PUBLIC})
