"""The address that others know this service by."""

from typing import Any

from litestar import Request

from recsvc.core.access.origins import is_loopback
from recsvc.settings import Settings


def base_of(request: Request[Any, Any, Any], settings: Settings) -> str:
    """Return the address of the service as others know it, without a final slash.

    That is for `RECSVC_PUBLIC_URL` to say. Whoever asks may write any name into `Host`, and caches would
    give it to others: without the setting it is believed only where it names this machine itself.
    """
    if not settings.public_url and is_loopback(request.headers.get("host", "")):
        return str(request.base_url).rstrip("/")
    return settings.site_url
