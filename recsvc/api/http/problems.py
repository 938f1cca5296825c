"""Errors over HTTP: problem details (RFC 9457), one table of statuses."""

import re
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from recsvc.api.http.decompression import ACCEPTED as ACCEPTED_ENCODINGS
from recsvc.api.http.metrics import PROBLEMS
from recsvc.errors import (
    ConflictError,
    CrowdedError,
    ExpiredError,
    InvalidError,
    LimitedError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    RecsvcError,
    SnapshotError,
    StoreSilentError,
    StoreUnavailableError,
    TooLargeError,
    TooSlowError,
    UnknownEncodingError,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[RecsvcError], int] = {
    TooLargeError: 413,
    TooSlowError: 408,
    UnknownEncodingError: 415,
    InvalidError: 400,
    NotAuthenticatedError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    ExpiredError: 410,
    LimitedError: 429,
    SnapshotError: 409,
    CrowdedError: 503,
    StoreUnavailableError: 503,
}  # anything else is a bug: 500, logged with its traceback, no detail leaked

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Bad request",
    429: "Too many requests",
    500: "Internal error",
    501: "Not implemented",
    503: "Unavailable",
}
_MISSING = re.compile(r"Missing required query parameter '([^']+)'")
_RETRY_AFTER_S = "1"
EMPTY_BODY = "the body is empty"
# What the framework says where there is none: the name of the argument that it would become.
_NO_BODY = "'data'"


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem detail (RFC 9457, section 3).

    Attributes:
        field: which field of the request is wrong.
        errors: one per field, where several are.
    """

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    field: str | None = None
    errors: list[dict[str, Any]] | None = None


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return a problem as a response."""
    PROBLEMS.labels(problem.status).inc()
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def on_recsvc_error(_: Request[Any, Any, Any], exc: RecsvcError) -> Response[bytes]:
    """Answer an error that was raised on purpose."""
    status = next((STATUS[t] for t in type(exc).__mro__ if t in STATUS), None)
    if status is None:
        return _internal(exc)
    field = exc.field if isinstance(exc, InvalidError) else None
    return respond(Problem(TITLES[status], status, told(exc), field=field), _headers(exc, status))


def told(exc: RecsvcError) -> str:
    """Return what a caller is told of an error: nothing of where the store is."""
    return exc.SAID if isinstance(exc, StoreSilentError) else str(exc)


def _headers(exc: RecsvcError, status: int) -> dict[str, str] | None:
    """Return what a client may act on: when to come back, and with which credential (RFC 6750)."""
    if isinstance(exc, LimitedError):
        return {"Retry-After": str(exc.retry_after_s)}
    if isinstance(exc, UnknownEncodingError):
        return {"Accept-Encoding": ACCEPTED_ENCODINGS}  # RFC 9110, section 12.5.3
    if isinstance(exc, NotAuthenticatedError):
        error = ', error="invalid_token"' if exc.is_presented else ""
        return {"WWW-Authenticate": f'Bearer realm="recsvc"{error}'}
    if isinstance(exc, NotAllowedError):
        scope = "" if exc.scope is None else f', scope="{exc.scope}"'
        return {"WWW-Authenticate": f'Bearer realm="recsvc", error="insufficient_scope"{scope}'}
    return {"Retry-After": _RETRY_AFTER_S} if status == 503 else None


def on_validation_error(_: Request[Any, Any, Any], exc: ValidationException) -> Response[bytes]:
    """Answer a parameter or a body that does not fit, naming each field."""
    extra = exc.extra if isinstance(exc.extra, list) else []
    errors = [_error(str(e.get("key") or ""), str(e.get("message", ""))) for e in extra]
    missing = _MISSING.search(exc.detail)
    first = errors[0] if errors else {"field": missing[1] if missing else "body", "detail": ""}
    detail = f"{first['field']}: {first['detail']}" if errors else exc.detail
    return respond(Problem(TITLES[400], 400, detail, field=first["field"], errors=errors or None))


def _error(key: str, message: str) -> dict[str, Any]:
    """Return a field and what is wrong with it; a field that lacks or is too much is named, too."""
    inside = "" if key in ("", "data") else key
    if message == _NO_BODY:
        return {"field": "body", "detail": EMPTY_BODY}
    if message.startswith(("Object missing required", "Object contains unknown")):
        name = message.split("`")[1]
        return {"field": f"{inside}.{name}" if inside else name, "detail": message}
    return {"field": inside or "body", "detail": message}


def on_http_error(_: Request[Any, Any, Any], exc: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: unknown paths, methods, bodies that are too large."""
    status = exc.status_code
    headers = {k: str(v) for k, v in (exc.headers or {}).items()}
    field = "body" if status in (400, 413) else None
    return respond(Problem(TITLES.get(status, "Error"), status, exc.detail, field=field), headers)


def on_recursion(_: Request[Any, Any, Any], __: RecursionError) -> Response[bytes]:
    """Answer a body nested so deeply that its decoder gave up."""
    return respond(Problem(TITLES[400], 400, "nested too deeply", field="body"))


def on_bug(_: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
    """Answer anything else: the traceback is logged, the caller learns nothing of it."""
    return _internal(exc)


def _internal(exc: Exception) -> Response[bytes]:
    log.error("request_failed", exc_info=exc)
    status = HTTP_500_INTERNAL_SERVER_ERROR
    return respond(Problem(TITLES[status], status, "something went wrong on our side"))


def field_of(message: str) -> tuple[str, str]:
    """Split msgspec's message into (field, problem): `… - at `$.title`` names the field."""
    problem, _, path = message.partition(" - at `$")
    if not path:
        # `Object missing required field `item`` names it in the sentence.
        parts = problem.split("`")
        return (parts[1] if len(parts) > 2 else "body"), problem
    inner = problem.split("`")
    name = path.rstrip("`").lstrip(".")
    if problem.startswith(("Object missing required", "Object contains unknown")):
        name = f"{name}.{inner[1]}" if name else inner[1]
    return name or "body", problem
