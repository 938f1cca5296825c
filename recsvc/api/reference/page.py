"""The page of the document: what `/schema` is for whoever comes with a browser."""

from typing import Any

from litestar import Request, Response
from litestar.response import Template

from recsvc.api.http.addresses import base_of
from recsvc.api.http.page_headers import PAGE_HEADERS
from recsvc.api.reference.document import groups
from recsvc.api.services import Services

PATH = "/schema"

# Programs and people ask at one address: what is in between must not give one the other's.
_HEADERS = PAGE_HEADERS | {"Vary": "Accept", "Cache-Control": "no-cache"}


async def page(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Answer people with a page; None where a program asks, which gets the document itself."""
    is_root = request.scope["path"].rstrip("/") == PATH
    if not is_root or "text/html" not in request.headers.get("accept", ""):
        return None
    services: Services = request.app.state.services
    return Template(
        "reference/page.html",
        context=_told(request)
        | {
            "base": base_of(request, services.settings),
            "is_open": services.admission.is_open,
            "has_pages": services.settings.pages,
        },
        headers=_HEADERS,
        media_type="text/html",
    )


def _told(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return what the page says of the document, which is the same while the process runs."""
    state = request.app.state
    if "reference" not in state:
        document = request.app.openapi_schema.to_schema()
        state["reference"] = {"about": document["info"], "groups": groups(document)}
    told: dict[str, Any] = state["reference"]
    return told
