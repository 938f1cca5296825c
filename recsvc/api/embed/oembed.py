"""oEmbed 1.0 (oembed.com): the frame for an address of ours, for sites that embed what people paste."""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter

from recsvc.api.embed.options import EmbedOptions, frame_html, options_of
from recsvc.api.http.addresses import base_of
from recsvc.api.services import Services
from recsvc.clock import HOUR_S
from recsvc.core.access.caller import PUBLIC
from recsvc.errors import NotFoundError

_CACHE_S = HOUR_S
# Addresses of ours that stand for a list; their query says which.
_PATHS = ("embed/feed", "embed")

Pixels = Annotated[int | None, QueryParameter(ge=1, le=100_000)]


class Embed(msgspec.Struct, frozen=True):
    """A rich oEmbed answer."""

    version: Literal["1.0"]
    type: Literal["rich"]
    title: str
    provider_name: str
    provider_url: str
    cache_age: int
    html: str
    width: int
    height: int


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
    """How to embed an address of this service; 404 for others', 501 for formats other than JSON."""
    if format != "json":
        raise HTTPException("only format=json is answered", status_code=501)
    base = base_of(request, services.settings) + "/"
    options = _options(url, base)
    width = min(options.width_px, maxwidth or options.width_px)
    height = min(options.height_px, maxheight or options.height_px)
    return Response(
        Embed(
            version="1.0",
            type="rich",
            title=options.heading or "Recommended",
            provider_name="recsvc",
            provider_url=base,
            cache_age=_CACHE_S,
            html=frame_html(base, options, width, height),
            width=width,
            height=height,
        ),
        headers={"Cache-Control": f"max-age={_CACHE_S}"},
    )


def _options(url: str, base: str) -> EmbedOptions:
    """Return what an address of ours stands for.

    Raises:
        NotFoundError: when it is somebody else's, or none that can be embedded.
    """
    ours = urlsplit(base)
    try:
        theirs = urlsplit(url)
    except ValueError:
        theirs = urlsplit("")
    # Our own path ends in a slash, as `base` does: `_PATHS` go on behind it.
    is_ours = (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
    if not is_ours or theirs.path.rstrip("/") not in {ours.path + path for path in _PATHS}:
        raise NotFoundError("there is nothing here to embed for this address")
    return options_of(dict(parse_qsl(theirs.query)))


router = Router("/", route_handlers=[oembed], opt={"access": PUBLIC})
