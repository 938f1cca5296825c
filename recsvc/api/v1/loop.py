"""How the loop fares over HTTP, hour by hour."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from recsvc.api.services import Services
from recsvc.clock import HOUR_US, from_us, now_us
from recsvc.core.access.caller import FIGURES
from recsvc.core.loop import Came, Hour, Named
from recsvc.store.log.loop import KEPT_HOURS

WEEK_HOURS = 7 * 24


class LoopHour(msgspec.Struct, frozen=True, kw_only=True):
    """What the lists of an hour were like; null where there is nothing to tell it from.

    Attributes:
        counted_until: lists and clicks up to then are in it.
        share: of all readers, those whose lists are kept: the hour is of them.
        fallback: share of lists that were nobody's own.
        coverage: share of listed items that anybody was shown in the day that ends with the hour.
        gini: how unequally the places of that day fell to listed items, 0 to 1.
        novelty: bits: how little what was shown was acted on in the week before.
        drift: bits: how much more lists lean towards what is popular than readers do.
        echo: how much of the topics that readers were shown they were shown a week ago, 0 to 1.
        repeated: the same of items.
        all: places, and those that were clicked.
        voices: the same by which source said most for a place.
        cold: the same of items that arrived within two days.
        first: items of the last week that were in somebody's own list for the first time.
        first_seconds: the median time from their arrival until then.
        waiting: items of the last week that were in nobody's own list yet.
        topics, organisations: those shown most, with their shares of places and of listed items, and
            those with a target.
    """

    at: datetime
    counted_until: datetime
    share: float
    lists: int
    readers: int
    fallback: float | None
    coverage: float | None
    gini: float | None
    novelty: float | None
    drift: float | None
    echo: float | None
    repeated: float | None
    all: Came
    voices: dict[str, Came]
    cold: Came
    first: int
    first_seconds: float | None
    waiting: int
    topics: list[Named]
    organisations: list[Named]


class Loop(msgspec.Struct, frozen=True):
    """Hours that a worker has counted, oldest first."""

    hours: list[LoopHour]


@get("/v1/loop", operation_id="getLoop", tags=["operations"], access=FIGURES)
async def loop(
    services: NamedDependency[Services],
    hours: Annotated[
        int, QueryParameter(ge=1, le=KEPT_HOURS, description="So many, up to now.")
    ] = WEEK_HOURS,
) -> Loop:
    """How the loop fares hour by hour: what readers were shown, how varied, and what came of it."""
    return Loop([answer(hour) for hour in await latest(services, hours)])


async def latest(services: Services, n: int) -> list[Hour]:
    """Return those of the last hours that were counted, oldest first."""
    now = now_us()
    this_hour_us = now // HOUR_US * HOUR_US
    return await services.loop.hours(this_hour_us - (n - 1) * HOUR_US, now)


def answer(hour: Hour) -> LoopHour:
    """Return an hour as it is answered."""
    return LoopHour(
        at=from_us(hour.at_us),
        counted_until=from_us(hour.counted_us),
        share=hour.share,
        lists=hour.lists,
        readers=hour.readers,
        fallback=hour.fallback,
        coverage=hour.coverage,
        gini=hour.gini,
        novelty=hour.novelty,
        drift=hour.drift,
        echo=hour.echo,
        repeated=hour.repeated,
        all=hour.all,
        voices=hour.voices,
        cold=hour.cold,
        first=hour.n_first,
        first_seconds=hour.first_s,
        waiting=hour.n_waiting,
        topics=hour.topics,
        organisations=hour.organisations,
    )


router = Router("/", route_handlers=[loop])
