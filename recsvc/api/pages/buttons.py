"""What the buttons beside papers do: vote, hide, and note which paper was opened."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta

from recsvc.api.http.door import visit_of
from recsvc.api.http.visitor import forgetting, newcomer, reader_of, remembering
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.access.trust import Trust
from recsvc.core.ids import Id
from recsvc.core.readers.events import Bringer, accept, event_of
from recsvc.errors import InvalidError, NotAllowedError
from recsvc.sources import demo

# A path on this site: nothing that a browser could take for another host.
Back = Annotated[str, Meta(max_length=8_000, pattern=r"^/(?![/\\])[^\\\x00-\x1f]*$")]

_STATES = ("upvote", "unvote", "save", "unsave", "hide", "unhide")


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a button on a page sends.

    Attributes:
        back: the path of the page it stands on.
    """

    item: Id
    kind: str
    back: Back = "/"
    feed_id: str = ""
    position: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which simulated reader to look over the shoulder of."""

    reader: str
    back: Back = "/"


@post("/vote", include_in_schema=False)
async def vote(
    data: URLEncodedBody[Press],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Redirect:
    """Record what a button says and go back to where it stood."""
    if data.kind not in _STATES:
        raise InvalidError(f"no button says {data.kind[:20]!r}", "kind")
    known = reader_of(request, services)
    user = known or newcomer(services)
    await _record(request, services, data, user)
    return back_as(services, user, known, data.back)


@post("/click", include_in_schema=False, status_code=204)
async def click(
    data: URLEncodedBody[Press],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[None]:
    """Note that a reader opened a paper; of somebody unknown nothing is kept."""
    user = reader_of(request, services)
    if data.kind != "click":
        raise InvalidError("only clicks are noted here", "kind")
    if user is not None:
        await _record(request, services, data, user)
    return Response(None, status_code=204)


@post("/reader", include_in_schema=False)
async def choose_reader(
    data: URLEncodedBody[Choice], services: NamedDependency[Services]
) -> Redirect:
    """Look at the demo through the eyes of one of its simulated readers, or one's own again."""
    if not services.live.demo:
        raise NotAllowedError("only the demo lets you choose who you are")
    if data.reader and data.reader not in demo.readers():
        raise InvalidError("no such simulated reader", "reader")
    cookie = remembering(services, data.reader) if data.reader else forgetting()
    return Redirect(data.back, status_code=303, cookies=[cookie])


def back_as(services: Services, user: str, known: str | None, back: str) -> Redirect:
    """Lead back to a page, remembering who somebody is that was unknown before."""
    cookies = [] if known else [remembering(services, user)]
    return Redirect(back, status_code=303, cookies=cookies)


async def bringer_of(request: Request[Any, Any, Any], services: Services) -> Bringer:
    """Return who brings what a page of ours sends."""
    return Bringer(None, Trust.PAGE, await services.network(visit_of(request).head))


async def _record(
    request: Request[Any, Any, Any], services: Services, press: Press, user: str
) -> None:
    fields: dict[str, object] = {"item": press.item, "kind": press.kind}
    if press.feed_id:
        fields |= {"feed_id": press.feed_id, "position": press.position}
    bringer = await bringer_of(request, services)
    entry = accept(event_of(fields), user, services.kinds, now_us(), bringer)
    if services.refuses_unknown and not all(await services.items.known([entry.item])):
        raise InvalidError(f"unknown item {entry.item!r}", "item")
    await services.events.record([entry], [False])


router = Router(
    "/",
    route_handlers=[vote, click, choose_reader],
    opt={"access": PUBLIC},
)
