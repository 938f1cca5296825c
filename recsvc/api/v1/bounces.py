"""Bounces over HTTP: what relays report of mails that could not be delivered."""

from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency

from recsvc.api.http import request_body as body
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import ADMIN
from recsvc.core.fitting import UNREADABLE
from recsvc.core.mail.subscription import Subscription
from recsvc.errors import InvalidError, NotAllowedError, NotFoundError
from recsvc.mail.bounces import Bounces
from recsvc.mail.relay_reports import Told, told

_MAX_REPORTS = 1_000


class Counted(msgspec.Struct, frozen=True):
    """What became of reports.

    Attributes:
        counted: of subscriptions that there are.
        suspended: subscriptions to which nothing is sent any more.
        ignored: of temporary failures, and of addresses that do not subscribe.
    """

    counted: int
    suspended: int
    ignored: int


@post(
    "/v1/bounces",
    operation_id="reportBounces",
    tags=["subscriptions"],
    status_code=200,
    access=ADMIN,
)
async def report(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Counted:
    """Take reports of mails that could not be delivered: JSON, or a report as it came by mail."""
    raw = await body.read(request, services.settings.max_body_bytes)
    bounces = Bounces(services.subscriptions, services.links)
    if raw.lstrip()[:1] not in (b"{", b"["):
        known = await bounces.take(raw, now_us())
        return _counted([known])
    try:
        found = told(msgspec.json.decode(raw))
    except UNREADABLE as exc:
        raise InvalidError(f"the body is not JSON: {exc}", "body") from None
    if len(found) > _MAX_REPORTS:
        raise InvalidError(f"at most {_MAX_REPORTS} reports at a time", "body")
    return _counted([await _take(services, bounces, one) for one in found] or [None])


async def _take(services: Services, bounces: Bounces, one: Told) -> Subscription | None:
    """Count a report; None where nobody subscribes."""
    try:
        name = _subscription(services, bounces, one)
    except (NotFoundError, NotAllowedError):
        return None
    return None if name is None else await bounces.count(name, one.why, now_us(), one.final)


def _subscription(services: Services, bounces: Bounces, one: Told) -> str | None:
    if one.message_id:
        return bounces.subscription_of(one.message_id)
    return services.subscribing.subscription_id(one.email)


def _counted(known: list[Subscription | None]) -> Counted:
    counted = [one for one in known if one is not None]
    suspended = sum(bool(one.suspended) for one in counted)
    return Counted(len(counted), suspended, len(known) - len(counted))


router = Router("/", route_handlers=[report])
