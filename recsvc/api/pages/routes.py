"""All pages of the site, and its style and scripts, put together."""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from recsvc.api.pages import (
    buttons,
    joining,
    lists,
    owner,
    paper,
    robots,
    saved,
    search,
    shown,
    you,
)
from recsvc.api.pages.page import HERE
from recsvc.api.pages.problems import HANDLERS
from recsvc.core.access.caller import PUBLIC

static = create_static_files_router(
    "/static",
    directories=[HERE / "static"],
    include_in_schema=False,
    # At hand for every page, and looked after in the background: a release changes them.
    cache_control=CacheControlHeader(public=True, max_age=300, stale_while_revalidate=604_800),
    name="static",
    opt={"access": PUBLIC},
)

router = Router(
    "/",
    route_handlers=[
        lists.router,
        search.router,
        paper.router,
        you.router,
        joining.router,
        saved.router,
        buttons.router,
        shown.router,
        owner.router,
        robots.router,
    ],
    exception_handlers=HANDLERS,
)
