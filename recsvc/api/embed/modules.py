"""The modules that other people's pages load: any origin may, and browsers may keep them.

An address keeps its meaning for as long as its version lives, so what is kept may be used while a
newer build is fetched (`stale-while-revalidate`).
"""

import base64
import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router, get

from recsvc.core.access.caller import PUBLIC

STATIC = Path(__file__).parent.parent / "static"
MAX_EMBED_BYTES = 8 * 1024

_TYPES = {".js": "text/javascript", ".ts": "text/plain"}
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "max-age=0, stale-while-revalidate=604800",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


class Module(msgspec.Struct, frozen=True):
    """A file as it is served.

    Attributes:
        etag: the same for both encodings, therefore weak.
        integrity: for a page that wants exactly this build (Subresource Integrity).
    """

    body: bytes
    gzipped: bytes
    etag: str
    integrity: str
    media_type: str


@cache
def module(name: str) -> Module:
    """Return a file of the static folder."""
    path = STATIC / name
    body = path.read_bytes()
    digest = hashlib.sha384(body).digest()
    return Module(
        body,
        gzip.compress(body, 9, mtime=0),
        f'W/"{digest.hex()[:24]}"',
        f"sha384-{base64.b64encode(digest).decode()}",
        _TYPES[path.suffix],
    )


def _serve(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    found = module(name)
    headers = _HEADERS | {"ETag": found.etag}
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    body = found.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = found.gzipped
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=found.media_type)


@get("/embed/v1.js", include_in_schema=False, sync_to_thread=False)
def widget(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The elements <recsvc-feed> and <recsvc-upvote>."""
    return _serve(request, "v1.js")


@get("/embed/frame.js", include_in_schema=False, sync_to_thread=False)
def frame(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For pages with frames of ours: gives each the height of its content."""
    return _serve(request, "frame.js")


@get("/embed/subscribe.js", include_in_schema=False, sync_to_thread=False)
def subscribe(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The element <recsvc-subscribe>."""
    return _serve(request, "subscribe.js")


@get("/embed/client.js", include_in_schema=False, sync_to_thread=False)
def client(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The client for browsers and Node."""
    return _serve(request, "client.js")


@get("/embed/client.d.ts", include_in_schema=False, sync_to_thread=False)
def client_types(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Its types."""
    return _serve(request, "client.d.ts")


router = Router(
    "/",
    route_handlers=[widget, frame, subscribe, client, client_types],
    opt={"access": PUBLIC},
)
