"""Models over HTTP."""

from datetime import datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from recsvc.api.services import Services
from recsvc.clock import from_us
from recsvc.core.access.caller import ADMIN, FIGURES
from recsvc.core.model.snapshot import Manifest, Verdict


class SnapshotAnswer(msgspec.Struct, frozen=True):
    """A model.

    Attributes:
        published: whether the gate let it pass, and readers did.
        verdict: what the gate said, and of what; null for models that it was not asked about.
        rolled_back: why the online guard took it back; empty if it did not.
    """

    id: str
    active: bool
    trained_at: datetime
    n_events: int
    n_users: int
    n_interactions: int
    n_rows: int
    n_factors: int
    size_bytes: int
    metrics: dict[str, float]
    published: bool = True
    verdict: Verdict | None = None
    rolled_back: str = ""


class SnapshotList(msgspec.Struct, frozen=True):
    """The models kept, latest first.

    Attributes:
        serving: the one this process serves.
        refused: why this process does not serve the current one, if so.
        held: the one that nothing may replace, by `recsvc snapshots activate --hold`.
        outcomes: candidates so far by what became of them: published, stopped by the gate, held_back,
            rolled_back.
    """

    current: str | None
    serving: str | None
    refused: str | None
    snapshots: list[SnapshotAnswer]
    held: str | None = None
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)


@get("/v1/snapshots", operation_id="listSnapshots", tags=["snapshots"], access=FIGURES)
async def list_snapshots(services: NamedDependency[Services]) -> SnapshotList:
    """The models kept, which is published and which one this process serves."""
    return await kept(services)


async def kept(services: Services) -> SnapshotList:
    """Return the models that are kept."""
    current = await services.snapshots.current()
    manifests = await services.snapshots.manifests()
    return SnapshotList(
        current,
        services.live.model.snapshot_id,
        services.live.snapshot_refused,
        [_answer(m, current) for m in manifests],
        await services.training.held(),
        await services.training.outcomes(),
    )


@post(
    "/v1/snapshots/{snapshot_id:str}/activate",
    operation_id="activateSnapshot",
    tags=["snapshots"],
    status_code=200,
    access=ADMIN,
    problems=(404, 409),
)
async def activate(
    snapshot_id: FromPath[str], services: NamedDependency[Services]
) -> SnapshotAnswer:
    """Serve a kept model from now on; every process follows within two seconds."""
    await services.snapshots.activate(snapshot_id)
    return _answer(await services.snapshots.manifest(snapshot_id), snapshot_id)


def _answer(manifest: Manifest, current: str | None) -> SnapshotAnswer:
    return SnapshotAnswer(
        id=manifest.snapshot_id,
        active=manifest.snapshot_id == current,
        trained_at=from_us(manifest.created_us),
        n_events=manifest.n_events,
        n_users=manifest.n_users,
        n_interactions=manifest.n_interactions,
        n_rows=manifest.n_rows,
        n_factors=manifest.n_factors,
        size_bytes=manifest.size_bytes,
        metrics=manifest.metrics,
        published=manifest.was_published,
        verdict=manifest.verdict,
        rolled_back=manifest.rolled_back,
    )


router = Router("/", route_handlers=[list_snapshots, activate])
