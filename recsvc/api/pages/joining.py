"""A reader on several devices, without an account: a signed link, taken up in another browser.

`/you` makes one; so does the page where a subscriber changes what they get, which only a link opens that
was mailed lately, on request.

Whoever opens the link within its time may become that reader, and until they press the button nothing
has happened: a link that somebody else sent must not quietly make a browser theirs. What the browser
was before stays under its own name; nothing is merged, as nobody could part it again.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Meta

from recsvc.api.http.reader_links import reader_in
from recsvc.api.http.visitor import remembering
from recsvc.api.pages.page import render, visitor_of
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import PUBLIC

_MAX_CHARS = 2_000

Link = Annotated[str, Meta(max_length=_MAX_CHARS)]


class Joining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That somebody means it."""

    link: Link


@get("/you/join", include_in_schema=False)
async def ask(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    link: Annotated[str, QueryParameter(max_length=_MAX_CHARS)],
) -> Template:
    """Say what taking up a link means."""
    user = reader_in(services.signatures, link, now_us())
    visitor = await visitor_of(request, services)
    return render(
        request, services, "join.html", visitor, section="you",
        link=link, is_same=user == visitor.user, is_somebody=visitor.user is not None,
    )  # fmt: skip


@post("/you/join", include_in_schema=False)
async def join(data: URLEncodedBody[Joining], services: NamedDependency[Services]) -> Redirect:
    """Become the reader of a link."""
    user = reader_in(services.signatures, data.link, now_us())
    return Redirect("/you", status_code=303, cookies=[remembering(services, user)])


router = Router("/", route_handlers=[ask, join], opt={"access": PUBLIC})
