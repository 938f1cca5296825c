"""oEmbed 1.0 (oembed.com), for sites that embed what people paste: lists as frames, papers as links."""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter
from msgspec import UNSET, UnsetType

from recsvc.api.embed.options import frame_html, options_of
from recsvc.api.http.addresses import base_of
from recsvc.api.http.papers import found
from recsvc.api.services import Services
from recsvc.clock import HOUR_S
from recsvc.core.access.caller import PUBLIC
from recsvc.core.items.facts import byline
from recsvc.core.text.display import readable
from recsvc.errors import NotFoundError

_CACHE_S = HOUR_S
_HEADERS = {"Cache-Control": f"max-age={_CACHE_S}"}
# Addresses of ours that stand for a list; their query says which.
_PATHS = ("embed/feed", "embed")
_PAPER = "papers/"

Pixels = Annotated[int | None, QueryParameter(ge=1, le=100_000)]


class Embed(msgspec.Struct, frozen=True):
    """An oEmbed answer.

    Attributes:
        type: `rich` is a list, with what to show; `link` is a paper, to be shown as its reader likes.
        author_name: who wrote the paper.
    """

    version: Literal["1.0"]
    type: Literal["rich", "link"]
    title: str
    provider_name: str
    provider_url: str
    cache_age: int = _CACHE_S
    html: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    author_name: str | UnsetType = UNSET


@get("/oembed", operation_id="oEmbed", tags=["embed"], problems=(404, 501))
async def oembed(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    url: Annotated[
        str, QueryParameter(max_length=4_000, description="An address of this service.")
    ],
    maxwidth: Pixels = None,
    maxheight: Pixels = None,
    format: Annotated[str, QueryParameter(max_length=10)] = "json",
) -> Response[Embed]:
    """How to embed a list or a paper of ours; 404 for others' addresses, 501 for other formats."""
    if format != "json":
        raise HTTPException("only format=json is answered", status_code=501)
    base = base_of(request, services.settings) + "/"
    path, query = _ours(url, base)
    provider = services.settings.brand.name
    if path.startswith(_PAPER) and services.settings.pages:
        item, _ = await found(services, unquote(path.removeprefix(_PAPER)))
        paper = Embed(
            version="1.0",
            type="link",
            title=readable(item.title),
            provider_name=provider,
            provider_url=base,
            author_name=byline(services.cache.view(item, 0)) or UNSET,
        )
        return Response(paper, headers=_HEADERS)
    if path.rstrip("/") not in _PATHS:
        raise _nothing()
    options = options_of(dict(parse_qsl(query)))
    width = min(options.width_px, maxwidth or options.width_px)
    height = min(options.height_px, maxheight or options.height_px)
    return Response(
        Embed(
            version="1.0",
            type="rich",
            title=options.heading or "Recommended",
            provider_name=provider,
            provider_url=base,
            html=frame_html(base, options, width, height),
            width=width,
            height=height,
        ),
        headers=_HEADERS,
    )


def _ours(url: str, base: str) -> tuple[str, str]:
    """Return path, from our own on, and query of an address.

    Raises:
        NotFoundError: when it is somebody else's.
    """
    ours = urlsplit(base)
    try:
        theirs = urlsplit(url)
    except ValueError:
        theirs = urlsplit("")
    is_ours = (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
    if not is_ours or not theirs.path.startswith(ours.path):
        raise _nothing()
    return theirs.path.removeprefix(ours.path), theirs.query


def _nothing() -> NotFoundError:
    return NotFoundError("there is nothing here to embed for this address")


router = Router("/", route_handlers=[oembed], opt={"access": PUBLIC})
