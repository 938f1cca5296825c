"""The trainer: decides when to train, and publishes what the gate lets pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from recsvc import tracing
from recsvc.clock import SECOND_US, apart_us
from recsvc.core.experiments.proposal import Offer
from recsvc.core.fitting import UNREADABLE
from recsvc.core.model.snapshot import Compared, Manifest, Snapshot
from recsvc.errors import NotFoundError, SnapshotError
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from workers.log.archive import Archive
from workers.training.alarms import lacking, unpublished
from workers.training.candidate import Round, RoundParams, carry_out, is_taken
from workers.training.gathering import gathered
from workers.training.params import NOBODY, DueParams, TrainingParams
from workers.training.training import Material
from workers.training.tuning import Found

log = structlog.get_logger()

_MANY_ITEMS = 1_000
_FIRST_SHARE = 0.5
# A model that lacks this share of the log or the catalogue is behind, whatever the last one took.
_LACKING_SHARE = 0.2
_FEW_ITEMS = 100

Gather = Callable[[Archive, Streams, Items, int], Awaitable[Material]]
CarryOut = Callable[
    [Material, Snapshot | None, Found | None, RoundParams, Callable[[], float]], Round
]


class Steps(msgspec.Struct, frozen=True):
    """What a round consists of: to gather what there is to learn from, and to learn."""

    gather: Gather = gathered
    carry_out: CarryOut = carry_out


IN_THIS_PROCESS = Steps()


class Shelves(msgspec.Struct, frozen=True):
    """Where the trainer finds what it learns from, and leaves what it made."""

    archive: Archive
    streams: Streams
    items: Items
    snapshots: Snapshots
    training: Training


class Latest(msgspec.Struct, frozen=True):
    """The training before this one.

    Attributes:
        manifest: of what was trained, whatever became of it; None: nothing ever was.
        took_s: how long that took, without tuning.
        searching: whether a search for better parameters waits to go on.
    """

    manifest: Manifest | None = None
    took_s: float = 0.0
    searching: bool = False


class There(msgspec.Struct, frozen=True):
    """How much there is to learn from at an instant: items in the catalogue, events in the log."""

    n_items: int
    n_events: int
    now_us: int


class Trainer:
    """Trains by time or by number of new events; at most one at a time, by the leader."""

    def __init__(
        self,
        shelves: Shelves,
        params: TrainingParams,
        how: RoundParams,
        steps: Steps = IN_THIS_PROCESS,
        alarm: Callable[[str, str | None], object] = lambda *_: None,
    ) -> None:
        self._archive = shelves.archive
        self._streams = shelves.streams
        self._items = shelves.items
        self._snapshots = shelves.snapshots
        self._training = shelves.training
        self._params = params
        self._how = how
        self._steps = steps
        self._alarm = alarm
        self._served: Manifest | None = None
        self._latest: Latest | None = None

    async def run_once(self, token: int, now_us: int) -> Snapshot | None:
        """Train and publish if it is time.

        Raises:
            ConflictError: when another worker has taken over meanwhile; nothing was published.
        """
        if self._latest is None:
            manifests = await self._snapshots.manifests()
            self._latest = Latest(manifests[0] if manifests else None)
        n_items = await self._items.count()
        n_events = await self._n_events() if n_items else 0
        there = There(n_items, n_events, now_us)
        await self._tell(self._latest.manifest, there)
        if self._params.engine == NOBODY or not is_due(self._params.due, self._latest, there):
            return None
        return await self.train(token, now_us)

    async def _tell(self, last: Manifest | None, there: There) -> None:
        """Raise the alarms that there is reason for, and end the others."""
        served = await self._snapshots.current()
        if served != (None if self._served is None else self._served.snapshot_id):
            self._served = None if served is None else await self._snapshots.manifest(served)
        self._alarm("gate", unpublished(await self._training.n_stopped(), last))
        lacks = lacking(self._served, there.n_items, there.n_events, there.now_us)
        self._alarm("model", lacks)

    async def train(self, token: int | None, now_us: int) -> Snapshot:
        """Train on all events; publish what the gate lets pass."""
        # What is on the boards by now is in the log that is read after this.
        traces = await self._streams.traces.take() if tracing.is_on() else []
        with tracing.learning(traces) as learning:
            trained = await self._train(token, now_us)
            learning.note(
                snapshot_id=trained.manifest.snapshot_id,
                events=trained.manifest.n_events,
                interactions=trained.manifest.n_interactions,
                items=trained.manifest.n_items,
                engine=self._params.engine,
            )
        return trained

    async def _train(self, token: int | None, now_us: int) -> Snapshot:
        started_s = time.monotonic()
        material = await self._steps.gather(self._archive, self._streams, self._items, now_us)
        current = await self._current(material.catalogue_id)
        found, offer = await self._found(), await self._training.offered()
        how = msgspec.structs.replace(self._how, offered={} if offer is None else offer.weights)
        done = await asyncio.to_thread(
            self._steps.carry_out, material, current, found, how, time.monotonic
        )
        if offer is not None:
            await self._judged(offer, done.offered, now_us)
        if done.found is not None and done.found != found:
            await self._training.keep_found(msgspec.json.encode(done.found))
            log.info("parameters_found", **_figures(done.found))
        searching = done.found is not None and bool(done.found.unfinished)
        manifest = await self._snapshots.save(done.candidate)
        took_s = max(0.0, time.monotonic() - started_s - done.tuned_s)
        self._latest = Latest(manifest, took_s, searching)
        await self._conclude(manifest, token, took_s)
        trusted = await self._training.trusted()
        but = () if trusted is None else (trusted.trusted, trusted.next)
        await self._snapshots.prune(self._params.snapshots_kept, but)
        return done.candidate

    async def _judged(self, offer: Offer, found: Compared | None, now_us: int) -> None:
        """Have it kept what the gate said of the weights that are offered."""
        taken = found is not None and is_taken(found)
        if taken != offer.is_taken:
            log.info("offered_weights_taken" if taken else "offered_weights_refused", why=offer.why)
        after = msgspec.structs.replace(
            offer,
            judged_us=None if found is None else now_us,
            compared=found,
            is_taken=taken,
        )
        await self._training.judged(offer, after)

    async def _conclude(self, manifest: Manifest, token: int | None, took_s: float) -> None:
        """Publish a candidate or not; log and count which."""
        verdict = manifest.verdict
        assert verdict is not None, "every round ends with a verdict"
        held = await self._training.held()
        outcome = "stopped" if not verdict.passed else "published" if held is None else "held_back"
        if outcome == "published":
            await self._snapshots.activate(manifest.snapshot_id, token)
        await self._training.count(outcome)
        (log.warning if outcome == "stopped" else log.info)(
            f"snapshot_{outcome}",
            snapshot_id=manifest.snapshot_id,
            reason=verdict.reason,
            n_events=manifest.n_events,
            n_interactions=manifest.n_interactions,
            n_items=manifest.n_items,
            size_bytes=manifest.size_bytes,
            took_s=round(took_s, 2),
        )

    async def _current(self, catalogue_id: str) -> Snapshot | None:
        """Return what is served; None when there is nothing, or nothing that can be read."""
        snapshot_id = await self._snapshots.current()
        if snapshot_id is None:
            return None
        try:
            return await self._snapshots.load(snapshot_id, catalogue_id)
        except (SnapshotError, NotFoundError) as exc:
            log.warning("served_snapshot_unreadable", snapshot_id=snapshot_id, error=str(exc))
            return None

    async def _found(self) -> Found | None:
        packed = await self._training.found()
        if packed is None:
            return None
        try:
            return msgspec.json.decode(packed, type=Found)
        except UNREADABLE:
            return None  # another version's: tune anew

    async def _n_events(self) -> int:
        """Return how many events there are in the log."""
        archived = await asyncio.to_thread(self._archive.count)
        return archived + sum((await self._streams.lengths()).values())


def is_due(params: DueParams, latest: Latest, there: There) -> bool:
    """Return whether to train now.

    Training takes its share of the time and no more, but for a model that lacks much: as each training
    then has a quarter more to learn from than the one before, all of them together cost a few times
    the last.
    """
    last, n_items, n_events = latest.manifest, there.n_items, there.n_events
    if n_items == 0:
        return False
    if last is None:  # until somebody acts, processes describe a small catalogue by themselves
        return n_events > 0 or n_items >= _MANY_ITEMS
    # The first interactions of a large catalogue do not wait for what describing its texts has cost.
    is_first = n_events > 0 and last.n_interactions == 0
    share = max(params.share, _FIRST_SHARE) if is_first else params.share
    age_s = apart_us(last.created_us, there.now_us) / SECOND_US
    lacks_much = _lacks_much(last.n_events, n_events, params.every_events) or _lacks_much(
        last.n_items, n_items, _FEW_ITEMS
    )
    if age_s < (params.pause_s if lacks_much else max(params.pause_s, latest.took_s / share)):
        return False
    # Either way: without events that were erased or dropped the model is another one too.
    n_new = abs(n_events - last.n_events)
    if n_new >= params.every_events or lacks_much:
        return True
    changed = n_new > 0 or n_items != last.n_items or latest.searching
    return changed and age_s >= params.every_s


def _lacks_much(n_learned: int, n_now: int, at_least: int) -> bool:
    """Return whether a fifth of what there is now, and not only a few, has come since."""
    n_lacking = n_now - n_learned
    return n_lacking >= at_least and n_lacking >= _LACKING_SHARE * n_now


def _figures(found: Found) -> dict[str, object]:
    return {
        "ndcg_before": round(found.ndcg_before, 4),
        "ndcg": round(found.ndcg, 4),
        "n_tried": found.n_tried,
        "took_s": round(found.took_s, 1),
        "params": msgspec.to_builtins(found.params),
    }
