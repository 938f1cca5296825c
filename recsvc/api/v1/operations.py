"""Health and figures over HTTP; metrics for Prometheus are in `recsvc.api.http.metrics`."""

import contextlib
from datetime import datetime

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from recsvc.api.http.metrics import MailFigures, mail_figures
from recsvc.api.services import Services
from recsvc.clock import SECOND_US, from_us, now_us
from recsvc.core.access.caller import FIGURES, HEALTH
from recsvc.core.model.model import coverage
from recsvc.errors import StoreError
from recsvc.lists.dressing import is_stale
from recsvc.store.clock import skew_problem
from recsvc.store.damage import damage
from recsvc.store.heartbeat import is_silent
from recsvc.store.refusals import refusals


class Health(msgspec.Struct, frozen=True):
    """Whether this process can do its work, and what ails it."""

    status: str
    problems: list[str]


class Stats(msgspec.Struct, frozen=True):
    """How the loop is doing.

    Attributes:
        events_behind: logged events that are not yet on the boards.
        worker_silent_s: since the last sign of life of a worker, or since the start.
        model_age_s: since the served model was trained.
        model_coverage: share of visible items that the model has interactions of.
        weights: of the voices of feeds, as training found; none: they are as they are set.
        half_at: by voice, with how many interactions readers hear it with half of its weight, where
            training found another number than the usual one.
    """

    items: int
    events_behind: int
    worker_silent_s: float
    snapshot_id: str | None
    trained_at: datetime | None
    model_age_s: float | None
    model_coverage: float | None
    stale: bool
    demo: bool
    weights: dict[str, float] = msgspec.field(default_factory=dict)
    half_at: dict[str, float] = msgspec.field(default_factory=dict)
    mail: MailFigures | None = None


@get("/health/live", operation_id="live", tags=["operations"], access=HEALTH, sync_to_thread=False)
def live() -> Health:
    """Whether the process answers at all."""
    return Health("ok", [])


@get(
    "/health/ready",
    operation_id="ready",
    tags=["operations"],
    access=HEALTH,
    sync_to_thread=False,
    responses={
        503: ResponseSpec(Health, generate_examples=False, description="Do not send readers.")
    },
)
def ready(services: NamedDependency[Services]) -> Response[Health]:
    """Whether the process should be sent readers: it serves even while the store is away.

    Answered from what the process knows: a probe waits for nobody.
    """
    problems = problems_of(services)
    status = 200 if services.live.is_connected else 503
    return Response(Health("ok" if not problems else "degraded", problems), status_code=status)


def problems_of(services: Services) -> list[str]:
    """Return what ails the service, as this process knows without asking anybody."""
    problems = []
    view = services.live
    if not view.is_connected:
        problems.append("the store does not answer: feeds are served from memory, events refused")
        problems += services.store_problem.read()
    elif is_silent(view.worker_us, now_us()):
        problems.append("no worker: boards and models stand still")
    if refusals.problem is not None:
        problems.append(refusals.problem)
    if view.snapshot_refused:
        problems.append(f"the published model is refused: {view.snapshot_refused}")
    problems += services.experiments.problems
    problems += services.mail_watch.problems
    ground = services.ground.problem() if services.ground is not None else None
    told = (ground, damage.problem, skew_problem())
    problems += [problem for problem in told if problem is not None]
    problems += [said for said in view.worker_problems.values() if said not in problems]
    return problems


@get("/v1/stats", operation_id="getStats", tags=["operations"], access=FIGURES)
async def stats(services: NamedDependency[Services]) -> Stats:
    """How far behind the boards are, how old the model is, how much it covers."""
    return await stats_of(services)


async def stats_of(services: Services) -> Stats:
    """Return how the loop is doing."""
    view = services.live
    mail = None
    with contextlib.suppress(StoreError):  # without the store, what was known last
        await view.look_around()
        mail = await mail_figures(services)
    model, visible = view.model, view.catalogue.visible
    now = now_us()
    n = int(visible.sum())
    trained = model.trained_us
    return Stats(
        items=n,
        events_behind=view.events_behind,
        worker_silent_s=(now - view.worker_us) / SECOND_US,
        snapshot_id=model.snapshot_id,
        trained_at=None if trained is None else from_us(trained),
        model_age_s=None if trained is None else (now - trained) / SECOND_US,
        model_coverage=coverage(model, visible) if n and trained is not None else None,
        stale=is_stale(view),
        demo=view.demo,
        weights=model.weights,
        half_at=model.half_at,
        mail=mail,
    )


router = Router("/", route_handlers=[live, ready, stats])
