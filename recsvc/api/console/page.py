"""What the console's pages share: their frame, and the sign-in that strangers get instead."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Template

from recsvc.api.http import problems
from recsvc.api.http.door import SESSION_COOKIE
from recsvc.api.http.page_headers import PAGE_HEADERS
from recsvc.api.services import Services
from recsvc.errors import NotAllowedError, NotAuthenticatedError, RecsvcError

PATH = "/console"

# No script at all, and nobody frames it.
_HEADERS = PAGE_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # With `no-referrer`, forms would send `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def page(
    request: Request[Any, Any, Any], name: str, *, status: int = 200, **context: object
) -> Template:
    """Return a page of the console."""
    services: Services = request.app.state.services
    frame = {
        "section": name,
        "is_signed_in": SESSION_COOKIE in request.cookies,
        "has_pages": services.settings.pages,
    }
    return Template(
        f"console/{name}.html",
        context=frame | context,
        headers=_HEADERS,
        status_code=status,
        media_type="text/html",
    )


def sign_in(request: Request[Any, Any, Any], status: int, problem: str = "") -> Template:
    """Return what strangers get: a form for a key, and nothing of what is behind it."""
    return page(request, "sign-in", status=status, problem=problem)


def _on_error(request: Request[Any, Any, Any], exc: RecsvcError) -> Response[Any]:
    """Answer an error that was raised on purpose."""
    answer = problems.on_recsvc_error(request, exc)
    status = answer.status_code or 500
    if "text/html" not in request.headers.get("accept", ""):
        return answer
    if isinstance(exc, NotAuthenticatedError):
        return sign_in(request, status, str(exc) if exc.is_presented else "")
    if isinstance(exc, NotAllowedError):
        return sign_in(request, status, str(exc))
    return page(request, "problem", status=status, text=_text(status, str(exc)))


def _on_misfit(request: Request[Any, Any, Any], exc: ValidationException) -> Response[Any]:
    """Answer a form that does not fit."""
    answer = problems.on_validation_error(request, exc)
    if "text/html" not in request.headers.get("accept", ""):
        return answer
    return page(request, "problem", status=400, text="Something in the form makes no sense.")


def _text(status: int, said: str) -> str:
    if status == 500:
        return "It is our fault, and it has been logged."
    return f"{said[:1].upper()}{said[1:]}."


HANDLERS: dict[Any, Any] = {
    RecsvcError: _on_error,
    ValidationException: _on_misfit,
    HTTPException: problems.on_http_error,
}
