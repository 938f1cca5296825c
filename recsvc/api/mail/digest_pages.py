"""Pages around a mail: how it would look, and where its links lead.

A link leads to a page, which changes nothing: scanners open every link of a mail before its reader does.
The page's script says that it was shown, by POST, and goes on to where the item lives; without scripts a
button does both. So a click is counted when a browser showed the page, once per link.

Not a redirect that counts its GETs: 489 of 497 unsubscribes of one list were scanners'. Not a pixel,
which tracks and is blocked. Not the item's own address: it is usually another site's, which counts
nothing for us. The token is signed and holds item, feed and position; of a known reader also the
subscription, through which the click becomes theirs. Impressions are not logged, for a mail does not
know what was seen of it: clicks from mail have a feed id and no propensity to correct for. A scanner
that runs scripts counts as a reader.
"""

import hashlib
from typing import Annotated, Any, Literal

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from recsvc.api.http.visitor import reader_of
from recsvc.api.mail.page import HEADERS, message, on_error, page
from recsvc.api.services import Services
from recsvc.clock import from_us, now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.items.item import StoredItem
from recsvc.core.mail.subscription import (
    Cadence,
    Content,
    Preferences,
    Subscription,
    as_if,
    checked,
)
from recsvc.core.readers.events import accept, event_of
from recsvc.core.text.display import readable
from recsvc.errors import InvalidError, NotFoundError, RecsvcError
from recsvc.mail.links import Click
from recsvc.mail.rendering import Rendered
from recsvc.mail.wording import one_line

_FRAMED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; sandbox allow-popups"
}


@get("/digest/preview", include_in_schema=False)
async def preview(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    user: FromQuery[str | None] = None,
    cadence: FromQuery[Cadence] = "daily",
    content: FromQuery[Content | None] = None,
    topic: Annotated[list[str] | None, QueryParameter(description="Repeat: any of these.")] = None,
    view: FromQuery[Literal["page", "html", "text"]] = "page",
) -> Response[Any]:
    """The mail as it would be sent now."""
    known = reader_of(request, services, user)
    wanted = content or ("trending" if known is None else "both")
    preferences = checked(
        Preferences(cadence=cadence, content=wanted, topics=tuple(topic or ())), known
    )
    rendered = await _rendered(services, as_if(preferences, known))
    if rendered is None:
        return message("Nothing to send", "On a day like this no mail is sent.")
    if view == "html":
        return Response(rendered.html, media_type="text/html", headers=HEADERS | _FRAMED)
    if view == "text":
        return Response(rendered.text, media_type="text/plain", headers=HEADERS)
    query = f"?{request.url.query}&" if request.url.query else "?"
    return page(
        "preview",
        subject=rendered.subject,
        sender=f"{services.settings.digest.title} <{services.settings.digest.sender}>",
        html=f"{query}view=html",
        text=f"{query}view=text",
    )


async def _rendered(services: Services, subscription: Subscription) -> Rendered | None:
    """Return what a subscriber's mail would look like now, None if there would be none."""
    now = now_us()
    today = from_us(now).astimezone(services.settings.zone).date()
    digest = await services.composer.compose(subscription, today, (), now)
    return services.letters.rendered(subscription, digest) if digest.parts else None


@get("/c/{token:str}", include_in_schema=False)
async def show(token: FromPath[str], services: NamedDependency[Services]) -> Template:
    """An item that a mail links to; shown, not counted."""
    click, _ = await services.subscribing.clicked(token)
    item = (await services.cache.get([click.item])).get(click.item)
    if item is None or services.live.catalogue.row_of(item.id) is None:
        raise NotFoundError("this paper is no longer here")
    return page(
        "item",
        item=item,
        title=one_line(readable(item.title)),
        target=_target(services, click, item),
    )


@post("/c/{token:str}", include_in_schema=False, status_code=200)
async def clicked(
    token: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    """Count a click, once per link; then lead on, if a person pressed the button."""
    click, user = await services.subscribing.clicked(token)
    event = event_of(
        {
            "item": click.item,
            "kind": "click",
            "user": user,
            "event_id": f"mail:{hashlib.sha256(token.encode()).hexdigest()[:32]}",
            "feed_id": click.feed_id,
            "position": click.position,
        }
    )
    await services.events.record([accept(event, None, services.kinds, now_us())], [True])
    if "go" not in await request.form():
        return Response(None, status_code=204)
    item = (await services.cache.get([click.item])).get(click.item)
    target = _target(services, click, item)
    if target is None:
        raise InvalidError("this paper has no address of its own", "item")
    return Redirect(target, status_code=303, headers=HEADERS)


def _target(services: Services, click: Click, item: StoredItem | None) -> str | None:
    """Return where a link in a mail leads; None when its paper can be read nowhere."""
    url = None if item is None else services.settings.addresses.of(item.id, item.url)
    return services.links.item(click, url)


def router(*, has_pages: bool) -> Router:
    """Return the pages; the mail as it would look now shows the catalogue, as the site's pages do."""
    return Router(
        "/",
        route_handlers=[show, clicked, *([preview] if has_pages else [])],
        exception_handlers={RecsvcError: on_error},
        opt={"access": PUBLIC},
    )
