"""What the pages about embedding share: headers that allow nothing from elsewhere, and their address."""

from typing import Any

from litestar import Request
from litestar.response import Template

from recsvc.api.pages.page import HEADERS
from recsvc.settings import Settings

# As on our other pages, and frames of our own in the preview.
_POLICY = HEADERS["Content-Security-Policy"].replace(
    "frame-ancestors 'self'", "frame-src 'self'; frame-ancestors {ancestors}"
)


def page(template: str, context: dict[str, Any], ancestors: str = "'none'") -> Template:
    """Return a page.

    Args:
        ancestors: who may frame it, as in `frame-ancestors`.
    """
    policy = {"Content-Security-Policy": _POLICY.format(ancestors=ancestors)}
    return Template(template, context=context, headers=HEADERS | policy)


def base_url(request: Request[Any, Any, Any], settings: Settings) -> str:
    """Return the address that readers know us by, ending in a slash."""
    return (settings.public_url or str(request.base_url)).rstrip("/") + "/"
