"""What a reader had before their eyes: our pages' impressions, as embedded lists report theirs.

A page that was sent is not a page that was read, so the browser says which cards stayed in view, once
for each list when its reader leaves the page. Readers without scripts send none, and of somebody
unknown nothing is kept. A simulated reader is only looked at over the shoulder: they saw nothing.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta

from recsvc.api.http.door import visit_of
from recsvc.api.http.visitor import reader_of
from recsvc.api.pages.buttons import bringer_of
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.ids import Id
from recsvc.core.readers.events import accept, event_of
from recsvc.errors import InvalidError
from recsvc.sources import demo

_AT_ONCE = 200
_Place = tuple[Id, Annotated[int, Meta(ge=0, le=100_000)]]
_decoder = msgspec.json.Decoder(Annotated[list[_Place], Meta(min_length=1, max_length=_AT_ONCE)])


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen of one list.

    Attributes:
        places: JSON, `[["an item", 0], …]`: items with their places in it.
    """

    feed_id: Id
    places: str


@post("/seen", include_in_schema=False, status_code=204)
async def seen(
    data: URLEncodedBody[Shown],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[None]:
    """Log what a known reader saw of a list."""
    try:
        places = _decoder.decode(data.places)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise InvalidError(str(exc), "places") from None
    user = reader_of(request, services)
    if user is None or demo.is_simulated(user) or not services.settings.page_impressions:
        return Response(None, status_code=204)
    services.admission.charge(visit_of(request), len(places) - 1)
    bringer, received_us = await bringer_of(request, services), now_us()
    entries = [
        accept(
            event_of(
                {"item": item, "kind": "impression", "feed_id": data.feed_id, "position": place}
            ),
            user, services.kinds, received_us, bringer,
        )
        for item, place in places
    ]  # fmt: skip
    if services.refuses_unknown:
        known = await services.items.known([entry.item for entry in entries])
        entries = [entry for entry, is_known in zip(entries, known, strict=True) if is_known]
    await services.events.record(entries, [False] * len(entries))
    return Response(None, status_code=204)


router = Router("/", route_handlers=[seen], opt={"access": PUBLIC})
