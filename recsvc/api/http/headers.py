"""Headers that every answer carries, errors included: CORS by exact origin, CSP, limits, what is kept.

No credentials mode: callers of other origins are known by keys and tokens. The cookie of our own pages
stays with them, so that no foreign page acts for a reader who merely visits it. The origin allowed is
the one that asked or none, which is why every answer varies by `Origin`.
"""

from collections.abc import Iterable
from typing import Any, cast

from litestar.types import HTTPScope, Message, Scope

from recsvc.access.admission import Admission, Visit
from recsvc.api.http.door import visit_in
from recsvc.core.access.caller import ADMIN, PUBLIC

RawHeaders = list[tuple[bytes, bytes]]

# `same-origin` and not `no-referrer`: with that, forms of our own pages would send `Origin: null`.
_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"vary", b"Origin"),
]
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {}"
)
_PAGE = (b"content-security-policy", _CSP.format("'none'").encode())
_FRAMED = (b"content-security-policy", _CSP.format("*").encode())

_READABLE = (
    b"access-control-expose-headers",
    b"ratelimit, ratelimit-policy, retry-after, location, etag, link",
)
# Chromium remembers a preflight for two hours at most.
_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, if-none-match"),
    (b"access-control-max-age", b"7200"),
]


# What depends on who asks, and what went wrong, nobody between us may keep and give to the next.
_KEPT_NOWHERE = (b"cache-control", b"no-store")


async def add_headers(message: Message, scope: Scope) -> None:
    """Complete the head of an answer; what a handler has set itself stays."""
    if message["type"] != "http.response.start":
        return
    http = cast("HTTPScope", scope)
    headers: RawHeaders = list(message["headers"])
    names = {name for name, _ in headers}
    headers += [(name, value) for name, value in _ALWAYS if name == b"vary" or name not in names]
    if b"cache-control" not in names and _is_for_one(http, message["status"]):
        headers.append(_KEPT_NOWHERE)
    _add_csp(headers, http)
    _add_cors(headers, http)
    visit = visit_in(scope)
    if visit is not None and visit.verdicts:
        headers += limit_headers(visit)
    message["headers"] = headers


def _is_for_one(scope: HTTPScope, status: int) -> bool:
    """Return whether an answer is for its caller only: each that a credential was asked for."""
    if scope["method"] == "OPTIONS":
        return False
    handler = cast("dict[str, Any]", scope).get("route_handler")
    # Equal and not the same: the framework copies what a router says of its routes.
    return status >= 400 or handler is None or handler.opt.get("access", ADMIN) != PUBLIC


def limit_headers(visit: Visit) -> RawHeaders:
    """Return how much is left of each limit (draft-ietf-httpapi-ratelimit-headers-09)."""
    pairs = list(zip(visit.charged, visit.verdicts, strict=True))
    policies = ", ".join(limit.policy for (limit, _), _ in pairs)
    left = ", ".join(f'"{limit.name}";r={v.remaining};t={v.reset_s}' for (limit, _), v in pairs)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]


def _add_csp(headers: RawHeaders, scope: HTTPScope) -> None:
    names = dict(headers)
    if names.get(b"content-type", b"").startswith(b"text/html"):
        handler = cast("dict[str, Any]", scope).get(
            "route_handler"
        )  # none where no route was found
        is_framed = bool(handler and handler.opt.get("framed"))
        if b"content-security-policy" not in names:
            headers.append(_FRAMED if is_framed else _PAGE)


def _add_cors(headers: RawHeaders, scope: HTTPScope) -> None:
    origin = _first(scope["headers"], b"origin")
    if origin is None or _first(headers, b"access-control-allow-origin") is not None:
        return
    admission: Admission = scope["litestar_app"].state.services.admission
    if not admission.allows_origin(origin.decode("latin-1")):
        return
    headers += [(b"access-control-allow-origin", origin), _READABLE]
    is_preflight = scope["method"] == "OPTIONS"
    if is_preflight and _first(scope["headers"], b"access-control-request-method") is not None:
        headers += _PREFLIGHT


def _first(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((value for found, value in headers if found == name), None)
