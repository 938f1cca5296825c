"""Gorse's health calls."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from recsvc.api.services import Services
from recsvc.core.access.caller import HEALTH


class Health(msgspec.Struct, rename="pascal", frozen=True):
    """Whether this process serves; both of Gorse's stores are the one we have."""

    ready: bool
    data_store_error: str | None
    cache_store_error: str | None
    data_store_connected: bool
    cache_store_connected: bool


def _health(services: Services) -> Health:
    is_connected = services.live.is_connected
    error = None if is_connected else "the store does not answer"
    return Health(is_connected, error, error, is_connected, is_connected)


@get("/health/live", access=HEALTH, sync_to_thread=False)
def live(services: NamedDependency[Services]) -> Health:
    """Whether the process answers at all."""
    return _health(services)


@get("/health/ready", access=HEALTH, sync_to_thread=False)
def ready(services: NamedDependency[Services]) -> Response[Health]:
    """Whether the process should be sent requests."""
    health = _health(services)
    return Response(health, status_code=200 if health.ready else 503)


HANDLERS = [live, ready]
