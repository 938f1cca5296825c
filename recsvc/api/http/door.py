"""The door: every route says what it asks of its caller, and nobody gets in past that.

A route without an `access` of its own asks for the most; a test walks all routes and finds it.
"""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from recsvc.access.admission import Head, Visit
from recsvc.api.http.request_body import received
from recsvc.core.access.caller import ADMIN, Access, Caller
from recsvc.errors import TooLargeError

_VISIT = "recsvc_visit"
_SAFE = ("GET", "HEAD", "OPTIONS")

Headers = dict[bytes, bytes]


def door(app: ASGIApp) -> ASGIApp:
    """Wrap a route: admit its callers, and keep who they are for its handler."""

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        http = cast("HTTPScope", scope)  # there are no others: the service has no websockets
        if http["method"] != "OPTIONS":
            headers: Headers = dict(http["headers"])
            visit = Visit(head_of(http, headers))
            cast("dict[str, Any]", scope)[_VISIT] = visit
            access: Access = scope["route_handler"].opt.get("access", ADMIN)
            services = scope["litestar_app"].state.services
            services.admission.admit(visit, access)
            if b"content-length" in headers:
                await _refuse_too_large(headers, receive, services.settings.max_body_bytes)
        await app(scope, receive, send)

    return admitted


def visit_in(scope: Scope) -> Visit | None:
    """Return a request's standing; None where no route was found for it."""
    return cast("Visit | None", scope.get(_VISIT))


def visit_of(request: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """Return a request's standing."""
    visit = visit_in(request.scope)
    assert visit is not None
    return visit


def caller_of(request: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Return who calls."""
    return visit_of(request).caller


def head_of(scope: HTTPScope, headers: Headers) -> Head:
    """Return what of a request's head decides."""
    client = scope.get("client")
    forwarded = b""
    if b"x-forwarded-for" in headers:
        raw = scope["headers"]
        forwarded = b",".join(value for name, value in raw if name == b"x-forwarded-for")
    return Head(
        is_unsafe=scope["method"] not in _SAFE,
        peer=client[0] if client else "",
        authorization=_text(headers, b"authorization"),
        api_key=_text(headers, b"x-api-key"),
        origin=_text(headers, b"origin"),
        host=headers.get(b"host", b"").decode("latin-1"),
        fetch_site=_text(headers, b"sec-fetch-site"),
        forwarded=forwarded.decode("latin-1"),
    )


async def _refuse_too_large(headers: Headers, receive: Receive, max_bytes: int) -> None:
    """Refuse a body that is announced to be too large, whatever would become of it.

    Raises:
        TooLargeError: when it is.
    """
    announced = headers[b"content-length"]
    if announced.isdigit() and int(announced) > max_bytes:
        await received(receive, max_bytes)
        raise TooLargeError(f"the body is larger than {max_bytes} bytes", "body")


def _text(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")
