"""Errors as pages, for people: what is wrong, and ways on. Programs get problem documents."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from recsvc.api.http import problems
from recsvc.api.http.visitor import reader_of
from recsvc.api.pages.page import Visitor, render
from recsvc.api.services import Services
from recsvc.core.readers.profile import NOBODY
from recsvc.errors import ExpiredError, RecsvcError, StoreUnavailableError

# Whoever calls these reads JSON, whatever their browser says it accepts.
_PROGRAMS = ("/v1/", "/api/", "/schema", "/metrics", "/health/", "/feeds/", "/static/", "/embed/")

_HEADINGS = {
    400: "That did not work",
    403: "That is not allowed",
    404: "There is nothing here",
    405: "That did not work",
    410: "This list has moved on",
    413: "That is too much",
    429: "Slow down a little",
    500: "Something went wrong",
    503: "Something is not running",
}
_FALLBACK = "It is our fault, and it has been noted. Please try again."


def on_recsvc_error(request: Request[Any, Any, Any], exc: RecsvcError) -> Response[Any]:
    """Answer an error that was raised on purpose."""
    answer = problems.on_recsvc_error(request, exc)
    if isinstance(exc, ExpiredError):
        return _page(request, answer, "The list you were reading has expired; start it again.")
    if isinstance(exc, StoreUnavailableError):
        return _page(request, answer, "We cannot do this right now. Please try again in a moment.")
    return _page(request, answer, _sentence(str(exc)))


def on_validation_error(request: Request[Any, Any, Any], exc: ValidationException) -> Response[Any]:
    """Answer a parameter or a field that does not fit."""
    answer = problems.on_validation_error(request, exc)
    return _page(request, answer, "Something in the address or the form makes no sense to us.")


def on_http_error(request: Request[Any, Any, Any], exc: HTTPException) -> Response[Any]:
    """Answer what the framework refuses: unknown paths above all."""
    answer = problems.on_http_error(request, exc)
    if exc.status_code == 404:
        return _page(request, answer, "The address may be mistyped, or what was here is gone.")
    return _page(request, answer, _sentence(exc.detail))


def on_bug(request: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
    """Answer anything else: the traceback is logged, the caller learns nothing of it."""
    return _page(request, problems.on_bug(request, exc), _FALLBACK)


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Return whether somebody with a browser asks, for something that is meant for them."""
    if f"{request.scope['path']}/".startswith(_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "")


def _page(request: Request[Any, Any, Any], answer: Response[bytes], text: str) -> Response[Any]:
    """Return a problem as a page where somebody wants one, else as it is."""
    if not wants_page(request):
        return answer
    services: Services = request.app.state.services
    status = answer.status_code or 500
    page = render(
        request, services, "problem.html",
        Visitor(reader_of(request, services), NOBODY),
        status=status,
        heading=_HEADINGS.get(status, "That did not work"),
        text=_FALLBACK if status == 500 else text,
        restart=request.url.path if status == 410 else None,
    )  # fmt: skip
    page.headers |= {k: v for k, v in answer.headers.items() if k.lower() == "retry-after"}
    return page


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


HANDLERS: dict[Any, Any] = {
    RecsvcError: on_recsvc_error,
    ValidationException: on_validation_error,
    HTTPException: on_http_error,
}
