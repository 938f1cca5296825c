"""The door: every route says what it asks of its caller, and nobody gets in past that.

A route without an `access` of its own asks for the most; a test walks all routes and finds it.
"""

from typing import Any, cast

from litestar.connection import ASGIConnection, Request
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from recsvc.access.admission import Head, Visit
from recsvc.access.owner import Address
from recsvc.api.http.bodies import announced
from recsvc.api.http.path_slashes import put_back
from recsvc.api.http.query_names import refuse_unknown
from recsvc.api.http.quick import answer, quick_for
from recsvc.api.http.request_body import STRANGERS_BYTES, received
from recsvc.core.access.caller import ADMIN, Access, Caller, CallerKind
from recsvc.errors import InvalidError, TooLargeError

_VISIT = "recsvc_visit"
_SAFE = ("GET", "HEAD", "OPTIONS")
OWNER_COOKIE = "recsvc_owner"
SESSION_COOKIE = "recsvc_console"
# So much of a body costs as much as another request.
_BYTES_OF_A_REQUEST = 16_384

# What proxies write into the requests that they pass on, besides all that begins so. What names a
# request for tracing is none of it: clients write that, too (`huggingface_hub`: x-amzn-trace-id).
_FORWARDED = (b"x-forwarded", b"x-original-", b"x-envoy-", b"x-amz-cf-", b"cf-")
_PASSED_ON = frozenset(
    {
        b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"client-ip",
        b"true-client-ip", b"fastly-client-ip", b"fly-client-ip", b"x-azure-clientip", b"cdn-loop",
        b"x-rewrite-url", b"x-scheme", b"x-host", b"x-proxyuser-ip", b"proxy-connection",
    }
)  # fmt: skip

# What says who calls, of which a proxy in front may have looked at another one than we would.
_SAID_ONCE = frozenset({b"authorization", b"origin", b"sec-fetch-site", b"x-api-key"})

Headers = dict[bytes, bytes]


def door(app: ASGIApp) -> ASGIApp:
    """Wrap a route: admit its callers, and keep who they are for its handler."""

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        http = cast("HTTPScope", scope)  # there are no others: the service has no websockets
        put_back(scope)
        if http["method"] != "OPTIONS":
            headers: Headers = dict(http["headers"])
            visit = Visit(head_of(http, headers))
            cast("dict[str, Any]", scope)[_VISIT] = visit
            handler = scope["route_handler"]
            access: Access = handler.opt.get("access", ADMIN)
            services = scope["litestar_app"].state.services
            n_bytes = announced(headers)
            cost = handler.opt.get("cost", 1) + n_bytes // _BYTES_OF_A_REQUEST
            services.admission.admit(visit, access, cost)
            quick = quick_for(scope)
            if quick is None:
                refuse_unknown(handler.opt, http["query_string"])
            most = services.settings.max_body_bytes
            if access.scope is None:  # a form, of which nobody needs to say who they are
                most = min(most, STRANGERS_BYTES)
                receive = _bounded(receive, most)
            if n_bytes > most:
                await _refuse(receive, most)
            if quick is not None:
                await answer(quick, Request(scope, receive, send), visit, send)
                return
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


def may(request: ASGIConnection[Any, Any, Any, Any], access: Access) -> bool:
    """Return whether a caller would be let through to another route."""
    visit = visit_of(request)
    if visit.caller.may(access):
        return True
    is_unnamed = visit.caller.kind is CallerKind.OPEN
    admission = request.app.state.services.admission
    return is_unnamed and cast("bool", admission.is_owner(visit.head))


def head_of(scope: HTTPScope, headers: Headers) -> Head:
    """Return what of a request's head decides.

    Raises:
        InvalidError: when it does not name exactly one host (RFC 9112, section 3.2), or says twice who
            calls.
    """
    said = [name for name, _ in scope["headers"] if name in _SAID_ONCE]
    if len(set(said)) < len(said):
        raise InvalidError("a request says once who calls")
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    # of a request without one granian says that its host is empty
    if len(hosts) > 1 or (not any(hosts) and scope["http_version"] == "1.1"):
        raise InvalidError("a request names exactly one host", "Host")
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
        is_passed_on=_is_passed_on(headers),
        is_native=scope["http_version"] not in ("1", "1.0"),
        connection=_connection(scope),
        cookie=_cookie(headers, OWNER_COOKIE),
        session=_cookie(headers, SESSION_COOKIE),
        variant=_text(headers, b"x-recsvc-variant"),
    )


def _is_passed_on(headers: Headers) -> bool:
    return any(name in _PASSED_ON or name.startswith(_FORWARDED) for name in headers)


def _bounded(receive: Receive, max_bytes: int) -> Receive:
    """Return how a body is received that may be so large, whatever it says of itself."""
    n = 0

    async def next_part() -> Any:
        nonlocal n
        message = await receive()
        n += len(cast("dict[str, Any]", message).get("body", b""))
        if n > max_bytes:
            raise TooLargeError(f"the body is larger than {max_bytes} bytes", "body")
        return message

    return next_part


async def _refuse(receive: Receive, max_bytes: int) -> None:
    """Refuse a body that announced to be larger than is taken, whatever would become of it.

    Raises:
        TooLargeError: always.
    """
    await received(receive, max_bytes)
    raise TooLargeError(f"the body is larger than {max_bytes} bytes", "body")


def _connection(scope: HTTPScope) -> tuple[Address, Address] | None:
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None or server[1] is None:
        return None
    # granian 2.7 gives ports as text, against the ASGI specification
    return (client[0], int(client[1])), (server[0], int(server[1]))


def _cookie(headers: Headers, wanted: str) -> str | None:
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted:
            return value
    return None


def _text(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")
