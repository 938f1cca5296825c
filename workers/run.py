"""The worker: ingest all the time; archive and train while it leads.

Every worker ingests. Archive and training belong to the one that holds the lease; the others stand by
and take over when it stops or falls silent. SIGTERM finishes the batch in hand, gives up a training in
hand and the lease, and ends.
"""

import asyncio
import contextlib
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from recsvc.background import in_step
from recsvc.clock import SECOND_US, now_us
from recsvc.errors import GroundError, RecsvcError, StoreError, StoreRefusesError
from recsvc.ground import Ground
from recsvc.live.wish_file import WishFile
from recsvc.settings import Settings
from recsvc.store import keys
from recsvc.store.bundled import remove_damaged_copies
from recsvc.store.clock import EVERY_S, follow_clock
from recsvc.store.compaction import compact
from recsvc.store.connection import Redis, connect, look_whether_it_accepts, translated
from recsvc.store.heartbeat import BEAT_S
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.leases import Lease
from recsvc.store.log.exposures import ExposureLog
from recsvc.store.log.loop import LoopStore
from recsvc.store.log.questions import Questions
from recsvc.store.log.streams import Streams
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.models.experiments import ExperimentStore
from recsvc.store.models.snapshots import TRAIN_LEASE, Snapshots
from recsvc.store.models.training import Training
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.exports import Exports
from recsvc.store.readers.gorse import Gorse
from recsvc.store.readers.index import ReaderIndex
from recsvc.store.readers.preferences import ReaderPreferences
from recsvc.store.readers.profiles import Profiles
from recsvc.store.troubles import Troubles
from workers.experiments import Measuring
from workers.ingest import Ingest
from workers.log.archive import DAMAGE, Archive
from workers.log.archiver import Archiver
from workers.log.audit import Audit, Derived
from workers.log.exposures import ExposureCollector, ExposureFiles
from workers.log.looking import look
from workers.log.site_copies import SiteCopies
from workers.loop.guard import OnlineGuard
from workers.loop.health import LoopHealth
from workers.loop.proposing import Proposing
from workers.loop.served import Served
from workers.privacy.copies import BackupHolding, SiteHolding, WishHolding
from workers.privacy.eraser import Compact, Eraser
from workers.privacy.exporter import Exporter, ExportHolding
from workers.privacy.exposures import ExposureHolding
from workers.privacy.holdings import (
    ArchiveHolding,
    DeadLetterHolding,
    Holding,
    LogHolding,
    OwnerHolding,
    ProfileHolding,
    VoteHolding,
)
from workers.privacy.leaving import FormerAddresses
from workers.privacy.records import (
    GorseHolding,
    IndexHolding,
    PreferenceHolding,
    QuestionHolding,
    SubscriptionHolding,
)
from workers.topics import Topics
from workers.training.candidate import round_params
from workers.training.engines import steps_of
from workers.training.trainer import Shelves, Trainer
from workers.warmer import Warmer
from workers.watch import Watch

log = structlog.get_logger()

_LEASE_S = 10.0
_RETRY_S = 0.5
_RECOUNT_S = 1.0
_COMPARE_S = 10.0
_LOOK_S = 0.25
_STIRRED_S = 5.0
_AT_REST = 8
_LONG_S = 0.5
# An entry ends the wait at once; being told to stop does not.
_BLOCK_MS, _LONG_BLOCK_MS = 200, 500
_COPY_PAUSES = 20
_FIRST_AUDIT_S = 20.0
_AUDIT_S = 600.0
_AUDIT_PAUSES = 100
_WARM_S = 1.0
_ANSWER_S = 0.1
_EXPORTS_AT_A_TIME = 4  # so that one who takes theirs slowly does not have everybody wait
_COLLECT_S = 2.0
_MEASURE_PAUSES = 20
_SWEEP_S = 60.0  # of readers whose profiles have lapsed
_PROPOSE_S = 60.0
_WARM_SHARE = 0.2  # of the worker's time at most: what came meanwhile is warmed together


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis: Redis = connect(settings.store_url)
        pipe = Pipe(self._redis)
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._streams = Streams(self._redis, self._name)
        self._boards = Boards(pipe, settings.lists.trending)
        self._ingest = Ingest(
            self._streams,
            self._boards,
            settings.kinds,
            settings.reclaim_after_s,
            settings.log.budget.unknown_items,
        )
        self._ground = Ground(settings.archive_path)
        archive = self._files = Archive(settings.archive_path)
        self._questions = Questions(pipe)
        self._items = Items(pipe)
        self._archiver = Archiver(archive, self._streams, self._boards, settings.archive)
        self._troubles = Troubles(pipe)
        snapshots = Snapshots(pipe, settings.snapshot_cache_path)
        self._trainer = Trainer(
            Shelves(archive, self._streams, self._items, snapshots, Training(pipe)),
            settings.training,
            round_params(settings.training, settings.lists.profile, settings.lists.blend),
            steps_of(settings.training, settings.data_path),
            alarm=self._troubles.note,
        )
        self._topics = Topics(self._items)
        self._warmer = Warmer(
            self._streams,
            self._items,
            snapshots,
            Profiles(pipe),
            WarmedItems(pipe),
            settings.lists.profile,
        )
        self._readers = ReaderIndex(pipe, settings.log.profile_ttl_days)
        self._preferences = ReaderPreferences(pipe, settings.log.budget)
        self._copies = SiteCopies(settings.site_copies_path, pipe)
        self._copying_s = 0.0
        shown = ExposureFiles(settings.exposures_path)
        self._measuring = Measuring(ExperimentStore(pipe), shown, archive)
        self._measuring_s = 0.0
        self._loop = LoopHealth(LoopStore(pipe), shown, archive, self._items, settings.targets)
        self._looping_s = 0.0
        self._guard = OnlineGuard(
            snapshots, Training(pipe), shown, Served(shown, archive), settings.training.guard
        )
        self._guarding_s = 0.0
        self._proposing = Proposing(snapshots, Training(pipe), shown, archive, settings.lists.blend)
        self._exposures = ExposureCollector(
            ExposureLog(pipe),
            shown,
            settings.exposures,
            settings.archive.every_s,
        )
        self._audited_after_s = _FIRST_AUDIT_S
        holdings = self._holdings(pipe, archive)
        self._eraser = Eraser(
            Erasures(pipe), self._boards, self._streams, holdings, self._compact_with()
        )
        self._former_addresses = FormerAddresses(Subscriptions(pipe), self._compact_with())
        self._exporter = Exporter(Exports(pipe), holdings)
        derived = Derived(self._boards, Profiles(pipe), self._items)
        self._audit = Audit(archive, self._streams, derived, settings.kinds)
        self._lease = Lease(pipe, TRAIN_LEASE, self._name, _LEASE_S)
        self._token = 0
        self._warming_s = 0.0
        self._compared = False
        self._is_indexed = False
        self._watch = Watch(self._troubles, archive, self._items, settings.data_path)
        self._stirred_s = time.monotonic()
        self._stirred = asyncio.Event()
        self._stopping = asyncio.Event()

    def _holdings(self, pipe: Pipe, archive: Archive) -> list[Holding]:
        """Return every place where something of a reader is kept: the one list of them."""
        profiles, items = Profiles(pipe), Items(pipe)
        return [
            BackupHolding(self._settings.data_path),  # first: told before anything goes
            ProfileHolding(profiles),
            IndexHolding(self._readers),
            LogHolding(self._streams, archive),
            DeadLetterHolding(self._streams),
            ArchiveHolding(archive),
            ExposureHolding(self._exposures),
            VoteHolding(self._boards, profiles),
            OwnerHolding(items),
            PreferenceHolding(self._preferences),
            SubscriptionHolding(
                Subscriptions(pipe),
                Deliveries(pipe, self._settings.digest.repeat_days),
                self._settings.outbox_path,
            ),
            GorseHolding(Gorse(pipe, self._settings.log.profile_ttl_days)),
            ExportHolding(Exports(pipe)),
            QuestionHolding(self._questions),
            WishHolding(WishFile(self._settings.keepsake_path)),
            SiteHolding(self._copies, self._streams.epochs),  # last: it copies what is left
        ]

    def _compact_with(self) -> Compact | None:
        """Return how the store's files are written anew; None where they are not ours."""
        if not self._settings.is_bundled:
            return None

        async def compact_bundled() -> None:
            await compact(self._redis)
            await asyncio.to_thread(remove_damaged_copies, self._settings.data_path)

        return compact_bundled

    def stop(self) -> None:
        """Finish the batch in hand and end; a training in hand is given up."""
        self._stopping.set()
        self._stir()

    async def run(self) -> None:
        """Work until told to stop."""
        log.info("worker_started", name=self._name)
        loops = [
            self._forever(self._ingest_once, "ingest", start=self._begin),
            self._forever(self._compare, "compare"),
            self._forever(self._set_clock, "clock reading"),
            self._forever(self._copy, "copying"),
            self._forever(self._compare_sample, "auditing"),
            self._forever(self._beat, "heartbeat"),
            self._forever(self._reclaim, "reclaim"),
            self._forever(self._recount, "recount"),
            self._forever(self._archive, "archiving"),
            self._forever(self._collect, "exposures"),
            self._forever(self._measure, "experiments"),
            self._forever(self._look_at_loop, "loop"),
            self._forever(self._propose, "proposing"),
            self._forever(self._look_at_models, "online guard"),
            self._forever(self._train, "train"),
            self._forever(self._extract_topics, "topics"),
            self._forever(self._warm, "warm"),
            self._forever(self._index_readers, "readers"),
            self._forever(self._answer, "questions"),
            *(self._forever(self._export, f"exports {n + 1}") for n in range(_EXPORTS_AT_A_TIME)),
        ]
        try:
            await asyncio.gather(*loops)
        finally:
            try:
                if self._token:
                    await self._lease.release()
                    # Who stops a service to rebuild need not wait until this is old.
                    with translated():
                        await self._redis.delete(keys.WORKER)
            except StoreError:
                pass  # it runs out by itself
            await self._redis.aclose()
        log.info("worker_stopped", name=self._name, n_applied=self._ingest.n_applied)

    async def _forever(
        self,
        once: Callable[[], Awaitable[None]],
        name: str,
        start: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Repeat until told to stop; errors are logged once, and tried again after a while."""
        failing: str | None = None
        started = start is None
        while not self._stopping.is_set():
            try:
                if not started and start is not None:
                    await start()
                    started = True
                await once()
                failing = None
                self._watch.went_well(name)
            except (Exception, *DAMAGE) as exc:
                started = start is None
                if isinstance(exc, DAMAGE):
                    self._archiver.doubt(now_us())
                if not isinstance(exc, GroundError):  # that is told once, for all of them
                    self._watch.failed(name, str(exc) or repr(exc), time.monotonic())
                if failing != repr(exc):
                    failing = repr(exc)
                    if not isinstance(exc, RecsvcError):
                        log.exception("worker_failed", loop=name)
                    elif not isinstance(exc, StoreRefusesError):  # told where it happened
                        log.warning("worker_waits", loop=name, error=str(exc))
                await self._pause(_RETRY_S)

    async def _pause(self, seconds: float) -> None:
        await _set_or_later(self._stopping, seconds)

    @property
    def _is_at_rest(self) -> bool:
        """Whether no event has come for a while: then each look at the store mostly finds nothing."""
        return time.monotonic() - self._stirred_s > _STIRRED_S

    def _stir(self) -> None:
        """Note that events came: whoever rests goes on."""
        self._stirred_s = time.monotonic()
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def _rest(self, seconds: float) -> None:
        """Pause; longer while no event comes."""
        if not self._is_at_rest:
            await self._pause(seconds)
        elif not self._stopping.is_set():
            await _set_or_later(self._stirred, _AT_REST * seconds)

    async def _unless_stopping(self, work: Coroutine[Any, Any, object]) -> None:
        """Do what may take long and can be left half done; it is cut short when told to stop."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working

    async def _begin(self) -> None:
        """Start to ingest, once it is known whether the store is the one that was archived."""
        await follow_clock(self._redis)
        await self._archiver.agreement.epoch()
        await self._ingest.start()

    def _leads_here(self) -> bool:
        """Return whether this worker leads; asked by whoever reads or writes files.

        Raises:
            GroundError: when they are not those that it began with.
        """
        if self._token:
            self._ground.check()
        return bool(self._token)

    async def _set_clock(self) -> None:
        await self._pause(EVERY_S)
        await follow_clock(self._redis)

    async def _compare(self) -> None:
        """Look whether store and archive still are two halves of one log."""
        await self._pause(_COMPARE_S if self._compared else _LOOK_S)
        if self._token:
            self._troubles.note("ground", self._ground.problem())
            await self._watch.look()
            self._troubles.note("archive", await self._archiver.agreement.problem())
            self._compared = True

    async def _compare_sample(self) -> None:
        """Compare some boards and profiles with the log: soon after the start, then now and then."""
        await self._pause(self._audited_after_s)
        if self._leads_here():
            started_s = time.monotonic()
            self._archiver.scrub(random.Random())
            told = await self._audit.run_once(random.Random())
            self._troubles.note("audit", told)
            took_s = time.monotonic() - started_s
            self._audited_after_s = max(_AUDIT_S, _AUDIT_PAUSES * took_s)

    async def _copy(self) -> None:
        """Copy what only the store has, beside the archive."""
        await self._pause(max(self._settings.archive.every_s, _COPY_PAUSES * self._copying_s))
        held = await self._streams.epochs.held()
        if self._leads_here() and held:
            started_s = time.monotonic()
            await self._copies.write(held[0])
            self._copying_s = time.monotonic() - started_s

    async def _ingest_once(self) -> None:
        before = self._ingest.n_applied
        await self._ingest.run_once(_LONG_BLOCK_MS if self._is_at_rest else _BLOCK_MS)
        if self._ingest.n_applied != before:
            self._stir()

    async def _beat(self) -> None:
        await look_whether_it_accepts(self._redis)
        token = await self._lease.acquire()
        if bool(token) != bool(self._token):
            log.info("worker_leads" if token else "worker_stands_by", token=token)
        self._token = token
        await self._troubles.beat(now_us(), tells=bool(self._token))
        await self._pause(BEAT_S)

    async def _reclaim(self) -> None:
        await self._pause(self._settings.reclaim_after_s / 2)
        await self._ingest.reclaim()

    async def _recount(self) -> None:
        await self._pause(_RECOUNT_S)
        while self._token and await self._ingest.recount():
            pass

    async def _archive(self) -> None:
        """Archive and erase one after another: each would disturb the other."""
        await self._rest(_LOOK_S)
        if not self._leads_here():
            return
        with self._files.alone() as is_alone:
            if not is_alone:
                return  # a backup is being made
            erasures = await self._eraser.pending()
            await self._archiver.run_once(now_us(), force=bool(erasures))
            self._troubles.note("archive_files", self._archiver.problem)
            await self._eraser.run(erasures)
            await self._former_addresses.run_once(now_us())

    async def _collect(self) -> None:
        await self._pause(_COLLECT_S)
        if self._leads_here():
            await self._exposures.run_once(now_us())

    async def _measure(self) -> None:
        """Report on experiments, a small part of the time."""
        await self._pause(
            max(self._settings.archive.every_s / 2, _MEASURE_PAUSES * self._measuring_s)
        )
        if self._leads_here():
            started_s = time.monotonic()
            await self._unless_stopping(self._measuring.run_once(now_us()))
            self._measuring_s = time.monotonic() - started_s

    async def _look_at_loop(self) -> None:
        """Count how the loop fares, a small part of the time."""
        await self._pause(max(self._settings.archive.every_s, _MEASURE_PAUSES * self._looping_s))
        if self._leads_here():
            started_s = time.monotonic()
            await self._unless_stopping(self._loop.run_once(now_us()))
            self._looping_s = time.monotonic() - started_s

    async def _propose(self) -> None:
        """Ask the clicks on lists which weights they speak for, once an hour."""
        await self._pause(_PROPOSE_S)
        if self._leads_here():
            await self._unless_stopping(self._proposing.run_once(now_us()))

    async def _look_at_models(self) -> None:
        """Roll back the served model if readers go for it less, a small part of the time."""
        every_s = self._settings.archive.every_s
        await self._pause(max(every_s / 2, _MEASURE_PAUSES * self._guarding_s))
        if self._leads_here():
            started_s = time.monotonic()
            late_us = round(2 * every_s * SECOND_US)
            await self._unless_stopping(self._guard.run_once(now_us(), late_us))
            self._troubles.note("online_guard", self._guard.problem)
            self._guarding_s = time.monotonic() - started_s

    async def _export(self) -> None:
        await self._rest(_LOOK_S)
        if self._leads_here():
            await self._unless_stopping(self._exporter.run_once())

    async def _train(self) -> None:
        await self._rest(_LOOK_S)
        if self._leads_here():
            await self._unless_stopping(self._trainer.run_once(self._token, now_us()))

    async def _warm(self) -> None:
        await self._rest(max(_WARM_S, self._warming_s * (1 / _WARM_SHARE - 1)))
        if self._token:
            started_s = time.monotonic()
            await self._unless_stopping(self._warmer.run_once(now_us()))
            self._warming_s = time.monotonic() - started_s

    async def _answer(self) -> None:
        await self._rest(_ANSWER_S)
        if self._leads_here():
            for identity, question in (await self._questions.take(now_us())).items():
                answer = await look(self._files, self._streams, question, now_us())
                await self._questions.answer(identity, answer)

    async def _index_readers(self) -> None:
        await self._pause(_SWEEP_S if self._is_indexed else _RETRY_S)
        if self._token:
            await self._unless_stopping(self._readers.build(now_us()))
            if not self._is_indexed:
                await self._preferences.bound_former()
            await self._readers.sweep(now_us())
            await self._boards.forget_unknown(now_us())
            self._is_indexed = True

    async def _extract_topics(self) -> None:
        await self._rest(_LOOK_S)
        if self._token:
            await self._unless_stopping(self._topics.run_once())
        else:
            self._topics.forget()  # whoever leads meanwhile changes them


async def _set_or_later(event: asyncio.Event, seconds: float) -> None:
    """Wait for something or for some time; whoever waits long wakes with the other loops."""
    if seconds >= _LONG_S:
        seconds = in_step(seconds, asyncio.get_running_loop().time())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
