"""What the pages behind mails have in common: headers that keep their addresses private, and errors.

The address of such a page is a key. No other site is told it, no cache keeps it, nobody frames it.
"""

from typing import Any

from litestar import Request, Response
from litestar.response import Template

from recsvc.api.http.problems import on_recsvc_error, told
from recsvc.errors import ExpiredError, NotAllowedError, NotFoundError, RecsvcError

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    # With `no-referrer`, forms would send `Origin: null`, and older browsers nothing besides.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}


_ABSENT = {"problem": "", "field": "", "guess": False, "user": "", "again": False, "sample": ()}


def page(name: str, status: int = 200, **context: object) -> Template:
    """Return a page."""
    return Template(
        f"digest/{name}.html",
        context=_ABSENT | context,
        status_code=status,
        headers=HEADERS,
        media_type="text/html",
    )


def message(heading: str, text: str, status: int = 200, **context: object) -> Template:
    """Return a page that says one thing."""
    return page("message", status, heading=heading, text=text, **context)


def on_broken_link(request: Request[Any, Any, Any], exc: NotAllowedError) -> Response[Any]:
    """Answer a link that was not made here, or not all of it, with a page that has new ones mailed."""
    return page("broken", 403, title=request.app.state.services.settings.digest.title)


def on_error(request: Request[Any, Any, Any], exc: RecsvcError) -> Response[Any]:
    """Answer an error that was raised on purpose with a page instead of a problem document."""
    problem = on_recsvc_error(request, exc)
    status = problem.status_code or 500
    if status == 500:
        return problem
    said = told(exc)
    is_over = isinstance(exc, ExpiredError | NotFoundError)
    text = f"{said[:1].upper()}{said[1:]}."
    answer = message("This did not work", text, status, again=is_over)
    answer.headers |= problem.headers
    return answer
