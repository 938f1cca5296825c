"""What a reader saved: a list to come back to, and for their reference manager."""

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from recsvc.api.http.list_parameters import CursorParam
from recsvc.api.pages.own_list import address_of
from recsvc.api.pages.page import Visitor, render, visitor_of
from recsvc.api.services import Services
from recsvc.api.v1.saves import kept
from recsvc.core.access.caller import PUBLIC
from recsvc.core.citing.formats import FORMATS
from recsvc.errors import ExpiredError, InvalidError
from recsvc.lists.shapes import Feed, Page

PATH = "/saved"
_LONG = 50


@get(PATH, include_in_schema=False)
async def saved(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    cursor: CursorParam = None,
    held: CursorParam = None,
) -> Template:
    """What the reader saved, latest first; what they take out stays where it stood, with its undo."""
    visitor = await visitor_of(request, services)
    if cursor is not None:
        feed = await services.lists.feeds.held(visitor.user, Page(_LONG, cursor))
    else:
        feed = await _begun(services, visitor, held)
    return render(
        request, services, "saved.html", visitor, section="saved", is_stale=feed.stale,
        feed=feed, back=address_of(PATH, held or services.lists.feeds.here(feed)),
        n_saved=len(visitor.saved), formats=FORMATS, is_first=cursor is None,
    )  # fmt: skip


async def _begun(services: Services, visitor: Visitor, held: str | None) -> Feed:
    """Return the first page, or the one they were looking at; once that is gone, the first again."""
    feeds = services.lists.feeds
    if held is not None:
        try:
            return await feeds.held(visitor.user, Page(_LONG, held))
        except (ExpiredError, InvalidError):
            pass
    return await feeds.chosen(visitor.user, kept(visitor.profile, ["save"]), Page(_LONG))


router = Router("/", route_handlers=[saved], opt={"access": PUBLIC})
