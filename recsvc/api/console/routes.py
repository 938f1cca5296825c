"""All pages of the console, put together."""

from litestar import Router

from recsvc.api.console import experiments, models, operations, overview, readers, signing_in
from recsvc.api.console.page import HANDLERS
from recsvc.core.access.caller import CONSOLE

router = Router(
    "/",
    route_handlers=[
        overview.router,
        models.router,
        experiments.router,
        readers.router,
        operations.router,
        signing_in.router,
    ],
    opt={"access": CONSOLE},
    exception_handlers=HANDLERS,
)
