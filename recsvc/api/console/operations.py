"""The console's page of operations: dead letters, keys without what is secret, mails, erasures."""

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from recsvc.api.console.page import PATH, page
from recsvc.api.http.metrics import mail_figures
from recsvc.api.services import Services
from recsvc.api.v1 import erasures, keys
from recsvc.clock import from_us, now_us

_LETTERS = 50


@get(f"{PATH}/operations", include_in_schema=False)
async def operations(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """What waits for a person, and what was given up."""
    return page(
        request, "operations",
        letters=await services.dead_letters.latest(_LETTERS),
        n_letters=await services.dead_letters.count(),
        keys=[keys.answer(one) for one in await services.credentials.all(now_us())],
        mail=await mail_figures(services),
        trouble=await services.deliveries.trouble(),
        erasures=[erasures.answer(one) for one in await services.erasures.under_way()],
        instant=from_us,
    )  # fmt: skip


router = Router("/", route_handlers=[operations])
