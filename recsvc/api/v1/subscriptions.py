"""Subscribing over HTTP: what a site's own form or the widget calls."""

from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency

from recsvc.api.http import request_body as body
from recsvc.api.http.door import caller_of, visit_of
from recsvc.api.http.openapi import accepts_record
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import ABOUT_READERS, FORMS, CallerKind
from recsvc.core.mail.subscription import Request as Wish

ASKED = (
    "If the address can take mail, a message with a link to confirm is on its way. "
    "Nothing else is sent until it is confirmed."
)

_decoder = msgspec.json.Decoder(Wish)


class Asked(msgspec.Struct, frozen=True):
    """The answer to every wish that can be one, whatever is known of its address."""

    detail: str


@post(
    "/v1/subscriptions",
    operation_id="subscribe",
    tags=["subscriptions"],
    status_code=202,
    access=FORMS,
    operation_class=accepts_record(Wish, "Who wants which mail, and when."),
)
async def subscribe(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Asked:
    """Ask for the mail; its owner confirms from their inbox."""
    wish = body.decode(await body.read(request, services.settings.max_body_bytes), _decoder)
    caller = caller_of(request)
    reader = caller.reader(wish.user, ABOUT_READERS)
    where = None  # of a server, which asks for all of its users, and limits them
    if caller.kind is not CallerKind.SECRET:
        where = services.admission.neighbourhood(visit_of(request).head)
    await services.subscribing.request(wish, reader, where, now_us())
    return Asked(ASKED)


router = Router("/", route_handlers=[subscribe])
