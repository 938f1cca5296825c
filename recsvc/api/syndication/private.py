"""The private address of a reader's own feed: made, looked up and revoked over HTTP.

Its name holds the reader and the instant at which it was made, readable to nobody else. The store keeps
that instant: an address with another one is unknown. Encryption alone could not be taken back. A counter
of generations would start at zero again when a reader is erased, and an old address would be valid once
more.
"""

from typing import Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.di import NamedDependency

from recsvc.api.services import Services
from recsvc.api.syndication.routes import PURPOSE
from recsvc.api.v1.preferences import Reader, own
from recsvc.clock import now_us
from recsvc.core.access.caller import OWN, WISHES
from recsvc.errors import NotFoundError


class PrivateFeed(msgspec.Struct, frozen=True):
    """A reader's own list, for feed readers; whoever knows an address can read it."""

    user: str
    rss: str
    atom: str
    json: str


@get("/v1/private-feed", operation_id="getPrivateFeed", tags=["users"], access=OWN)
async def get_private_feed(
    request: Request[Any, Any, Any], services: NamedDependency[Services], user: Reader = None
) -> PrivateFeed:
    """The addresses of a reader's private feed, if there are any."""
    user = own(request, user)
    found = await private_feed_of(services, user)
    if found is None:
        raise NotFoundError(f"user {user!r} has no private feed")
    return found


@post(
    "/v1/private-feed",
    operation_id="makePrivateFeed",
    tags=["users"],
    access=WISHES,
    status_code=200,
)
async def make_private_feed(
    request: Request[Any, Any, Any], services: NamedDependency[Services], user: Reader = None
) -> PrivateFeed:
    """Make the addresses of a reader's private feed; the same ones again until they are revoked."""
    user = own(request, user, WISHES)
    since_us = await services.preferences.make_address(user, now_us())
    return _addresses(services, user, since_us)


@delete(
    "/v1/private-feed",
    operation_id="revokePrivateFeed",
    tags=["users"],
    access=WISHES,
    status_code=204,
)
async def revoke_private_feed(
    request: Request[Any, Any, Any], services: NamedDependency[Services], user: Reader = None
) -> None:
    """Make the addresses of a reader's private feed invalid, at once and for ever."""
    user = own(request, user, WISHES)
    if not await services.preferences.revoke_address(user):
        raise NotFoundError(f"user {user!r} has no private feed")


async def private_feed_of(services: Services, user: str | None) -> PrivateFeed | None:
    """Return a reader's private feed; None for nobody, and for those who made none."""
    since_us = None if user is None else await services.preferences.address(user)
    if user is None or since_us is None:
        return None
    return _addresses(services, user, since_us)


def _addresses(services: Services, user: str, since_us: int) -> PrivateFeed:
    concealed = services.signatures.conceal(PURPOSE, [user, since_us])
    base = f"{services.settings.site_url}/feeds/personal/{concealed}"
    return PrivateFeed(user, f"{base}.rss", f"{base}.atom", f"{base}.json")


router = Router(
    "/",
    route_handlers=[get_private_feed, make_private_feed, revoke_private_feed],
    opt={"problems": (404,)},
)
