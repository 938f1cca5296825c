"""The address that others know this service by."""

from typing import Any

from litestar import Request

from recsvc.api.services import Services


def base_of(request: Request[Any, Any, Any], services: Services) -> str:
    """Return the address of the service as others know it, without a final slash.

    Behind a proxy only `RECSVC_PUBLIC_URL` knows it; else it is what the request was sent to.
    """
    return (services.settings.public_url or str(request.base_url)).rstrip("/")
