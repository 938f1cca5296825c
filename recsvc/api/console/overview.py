"""The console's first page: how the loop is doing, in figures that are known already."""

from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from recsvc.api.console.charts import charts
from recsvc.api.console.page import PATH, page
from recsvc.api.http.metrics import feeds_by_source
from recsvc.api.services import Services
from recsvc.api.v1.loop import WEEK_HOURS, latest
from recsvc.api.v1.operations import problems_of, stats_of
from recsvc.clock import from_us
from recsvc.core.drawing import HEIGHT, WIDTH


class Feeds(msgspec.Struct, frozen=True):
    """Where the feeds of this process came from.

    Attributes:
        by_source: how many, most first.
        fallback_share: of those that were nobody's own; None before the first feed.
    """

    by_source: dict[str, int]
    fallback_share: float | None


@get(PATH, include_in_schema=False)
async def overview(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """Items, readers, lag, model, verdicts, weights, and how many feeds fell back."""
    hours = await latest(services, WEEK_HOURS)
    return page(
        request, "overview",
        problems=problems_of(services),
        stats=await stats_of(services),
        n_readers=await services.readers.count(),
        n_dead=await services.dead_letters.count(),
        outcomes=await services.training.outcomes(),
        held=await services.training.held(),
        feeds=feeds(feeds_by_source()),
        hours=hours,
        charts=charts(hours),
        box=(WIDTH, HEIGHT),
        instant=from_us,
    )  # fmt: skip


def feeds(by_source: dict[str, int]) -> Feeds:
    """Return what became of some feeds."""
    total = sum(by_source.values())
    ordered = dict(sorted(by_source.items(), key=lambda pair: -pair[1]))
    return Feeds(ordered, 1 - by_source.get("personal", 0) / total if total else None)


router = Router("/", route_handlers=[overview])
