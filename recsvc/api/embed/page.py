"""What the pages about embedding share."""

from typing import Any

from litestar.response import Template

from recsvc.api.http.page_headers import PAGE_HEADERS

# As on our other pages, and frames of our own in the preview.
_POLICY = PAGE_HEADERS["Content-Security-Policy"].replace(
    "frame-ancestors 'self'", "frame-src 'self'; frame-ancestors {ancestors}"
)


def page(template: str, context: dict[str, Any], ancestors: str = "'none'") -> Template:
    """Return a page.

    Args:
        ancestors: who may frame it, as in `frame-ancestors`.
    """
    policy = {"Content-Security-Policy": _POLICY.format(ancestors=ancestors)}
    return Template(template, context=context, headers=PAGE_HEADERS | policy)
