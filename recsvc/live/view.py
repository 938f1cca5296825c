"""The live view: what a serving process holds in memory, and how it follows the store.

One task waits for changes of items and boards and looks after the snapshot pointer. A change is in the
arrays within milliseconds; the model, which describes texts and factors, is rebuilt in a thread and
replaced whole, so that no request ever waits for it or sees half of it.
"""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import numpy as np
import scipy.sparse as sp
import structlog
from numpy.typing import NDArray

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import Model, Published, build, publish, text_digest, with_warmed
from recsvc.core.model.snapshot import Warmed
from recsvc.core.text.terms import N_COLUMNS, item_text, term_counts
from recsvc.errors import NotFoundError, SnapshotError, StoreError
from recsvc.live.item_cache import ItemCache
from recsvc.live.search_index import SearchIndex
from recsvc.store import keys
from recsvc.store.connection import Redis, translated
from recsvc.store.items.boards import Boards, decode_row
from recsvc.store.items.catalogue import Items
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.warmed import WarmedItems

log = structlog.get_logger()

_WAIT_MS = 250
_RETRY_S = 0.5
_WORKER_SILENT_US = 5 * SECOND_US
_REBUILD_PAUSE_S = 0.02

_decode = msgspec.msgpack.Decoder().decode


class Live:
    """What ranking reads: the catalogue, the boards and the model, kept up to date.

    Attributes:
        catalogue: every item by row.
        model: replaced whole, never changed.
        catalogue_id: which catalogue this is.
        demo: whether the demo catalogue is loaded.
        snapshot_refused: why the published snapshot is not served, if it is not.
        seen_us: when the store was last heard of.
        worker_us: the last sign of life of a worker, or when this view began.
        events_behind: logged events that are not yet on the boards.
        observe_lag: told how many seconds after its logging an event reached these boards.
    """

    def __init__(
        self,
        redis: Redis,
        items: Items,
        boards: Boards,
        snapshots: Snapshots,
        cache: ItemCache,
        index: SearchIndex,
        warmed: WarmedItems | None = None,
    ) -> None:
        self._redis = redis
        self._warmed_items = warmed
        self._warmed: Warmed | None = None
        self._warmed_version = 0
        self._items = items
        self._boards = boards
        self._snapshots = snapshots
        self._cache = cache
        self._index = index
        self.catalogue = Catalogue()
        self.model: Model = build(None, 0, np.empty(0, np.int64), _no_counts())
        self.catalogue_id = ""
        self.demo = False
        self.snapshot_refused: str | None = None
        self.seen_us = 0
        self.worker_us = 0
        self.events_behind = 0
        self._published: Published | None = None
        self._digests: dict[int, int] = {}
        self._counts: dict[int, sp.csr_matrix] = {}
        self._applied: dict[int, tuple[int, int]] = {}
        self._changes_at = "0-0"
        self._pulse_at = "0-0"
        self._built_at = (0, 0)
        self._arrived: dict[int, tuple[int, int]] = {}  # row -> change that no model holds yet
        self.observe_lag: Callable[[float], object] = _ignore
        self._moved = asyncio.Condition()
        self._stale_model = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Load everything, then follow in the background."""
        self.worker_us = now_us()  # give a worker that starts with us time for its first sign
        await self._load()
        self._tasks = [
            asyncio.create_task(self._forever(self._follow), name="live-follow"),
            asyncio.create_task(self._forever(self._follow_snapshot), name="live-snapshot"),
            asyncio.create_task(self._forever(self._rebuild), name="live-rebuild"),
        ]

    async def stop(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def rows_with(self, words: str) -> NDArray[np.int64]:
        """Return the rows whose title or text has a word, or several in a row."""
        return self._index.rows_with(words)

    @property
    def changed_us(self) -> int:
        """When an item, a board or the model last changed, by the store's clock."""
        latest_ms = max(_entry(self._changes_at)[0], _entry(self._pulse_at)[0])
        return max(latest_ms * 1000, self.model.trained_us or 0)

    @property
    def is_connected(self) -> bool:
        """Whether the store was heard of within the last seconds."""
        return now_us() - self.seen_us < 3 * SECOND_US

    async def wait_for_change(self, change: str, timeout_s: float) -> None:
        """Wait until a change of the catalogue is in this view, the model included, or give up."""
        await self._wait(lambda: self._built_at >= _entry(change), timeout_s)

    async def wait_for_vote(self, user: str, entry_id: bytes, timeout_s: float) -> None:
        """Wait until a reader's own vote is on the boards, or give up.

        The worker is about a millisecond behind. Only for votes of the last second, and while there
        is a worker: when it is further behind, waiting would not help.
        """
        if now_us() - self.worker_us > _WORKER_SILENT_US:
            return
        entry = _entry(entry_id.decode())
        shard = keys.shard_of(user)
        if entry > self._applied.get(shard, (0, 0)) and now_us() // 1000 - entry[0] < 1000:
            await self._wait(lambda: self._applied.get(shard, (0, 0)) >= entry, timeout_s)

    async def wait_for_items(self, items: list[str], timeout_s: float) -> None:
        """Wait until the catalogue has some items, or give up."""
        await self._wait(lambda: all(item in self.catalogue.rows for item in items), timeout_s)

    async def wait_for_rows(self, rows: NDArray[np.int64], timeout_s: float) -> None:
        """Wait until the model describes those of some rows that have just arrived, or give up.

        It is a moment behind the catalogue, longer while many items arrive.
        """
        if not self._arrived:
            return
        awaited = self._arrived.keys() & set(rows.tolist())
        if awaited:
            await self._wait(lambda: self._arrived.keys().isdisjoint(awaited), timeout_s)

    async def _wait(self, reached: Any, timeout_s: float) -> None:
        async with self._moved:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait_for(reached), timeout_s)

    async def _load(self) -> None:
        self.catalogue_id = await self._items.catalogue_id()
        # Positions first: what changes while we load comes again, and coming twice does no harm.
        self._changes_at = await self._items.last_change()
        self._pulse_at = await self._boards.last_pulse()
        catalogue = Catalogue()
        rows = await self._items.rows()
        self._counts.clear()
        self._digests.clear()
        self._index.clear()
        for item_id, row in sorted(rows.items(), key=lambda pair: pair[1]):
            catalogue.remove(row, item_id)
        await self._load_snapshot(await self._snapshots.current())
        async for batch in self._items.all():
            for item in batch:
                if item.id not in rows:
                    continue  # arrived meanwhile: its change is still to come
                catalogue.put(rows[item.id], item)
                self._cache.put(item)
                self._index.put(rows[item.id], item)
            await self._take_texts([(rows[i.id], i) for i in batch if i.id in rows])
        for item_id, board in (await self._boards.all()).items():
            catalogue.set_board(item_id, board)
        self._applied = {s: _entry(e) for s, e in (await self._boards.applied()).items()}
        await asyncio.to_thread(self._index.commit)
        self.catalogue = catalogue
        self.demo = bool(await self._redis.exists(keys.DEMO))
        self.seen_us = now_us()
        await self._build()
        _settle()

    async def _forever(self, follow: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await follow()
            except Exception:
                log.exception("live_view_failed", part=follow.__name__)
                await asyncio.sleep(_RETRY_S)

    async def _follow(self) -> None:
        lost = False
        while True:
            try:
                if lost:
                    await self._load()  # whatever happened meanwhile, an emptied store included
                    log.info("store_found")
                    lost = False
                await self._follow_once()
            except StoreError as exc:
                if not lost:
                    log.warning("store_lost", error=str(exc))
                lost = True
                await asyncio.sleep(_RETRY_S)

    async def _follow_once(self) -> None:
        with translated():
            answer = await self._redis.execute_command(  # type: ignore[no-untyped-call]
                "XREAD", "COUNT", 1000, "BLOCK", _WAIT_MS,
                "STREAMS", keys.CHANGES, keys.PULSE, self._changes_at, self._pulse_at,
            )  # fmt: skip
        self.seen_us = now_us()
        if not answer:
            return
        changes = _entries(answer, keys.CHANGES)
        pulses = _entries(answer, keys.PULSE)
        if changes:
            await self._take_changes(changes)
        for entry_id, fields in pulses:
            self._take_pulse(fields)
            self._pulse_at = entry_id
        async with self._moved:
            self._moved.notify_all()

    async def _take_changes(self, changes: list[tuple[str, dict[bytes, bytes]]]) -> None:
        rows = {f[b"i"].decode(): int(f[b"r"]) for _, f in changes}
        found = dict(zip(rows, await self._items.get(list(rows)), strict=True))
        texts: list[tuple[int, StoredItem]] = []
        await asyncio.to_thread(self._index_changes, rows, found)
        for item_id, row in rows.items():
            item = found[item_id]
            if item is None:
                self.catalogue.remove(row, item_id)
                self._cache.drop(item_id)
            else:
                if row not in self._digests:
                    self._arrived[row] = _entry(changes[-1][0])
                self.catalogue.put(row, item)
                self._cache.put(item)
                texts.append((row, item))
        await self._take_texts(texts)
        # Not before: a model built meanwhile would claim to hold what it has not seen.
        self._changes_at = changes[-1][0]
        self._stale_model.set()

    def _index_changes(self, rows: dict[str, int], found: dict[str, StoredItem | None]) -> None:
        """Make items findable before they are listed: who lists them may ask for their words."""
        for item_id, item in found.items():
            if item is None:
                self._index.remove(rows[item_id])
            else:
                self._index.put(rows[item_id], item)
        self._index.commit()

    def _take_pulse(self, fields: dict[bytes, bytes]) -> None:
        for name, packed in fields.items():
            if name.startswith(b"i"):
                self.catalogue.set_board(name[1:].decode(), decode_row(packed))
            else:
                for shard, entry_id in _decode(packed):
                    self._applied[int(shard)] = entry = _entry(entry_id)
                    self.observe_lag(max(0.0, now_us() / SECOND_US - entry[0] / 1000))

    async def _take_texts(self, texts: list[tuple[int, StoredItem]]) -> None:
        """Count the terms of texts that neither the snapshot nor we have counted."""
        wanted = []
        for row, item in texts:
            text = item_text(item.title, item.text, item.topics)
            digest = text_digest(text)
            if self._digests.get(row) != digest:
                self._digests[row] = digest
                if self._published_digest(row) == digest:
                    self._counts.pop(row, None)
                else:
                    wanted.append((row, text))
        if wanted:
            counts = await asyncio.to_thread(term_counts, [text for _, text in wanted])
            for i, (row, _) in enumerate(wanted):
                self._counts[row] = counts[i]

    def _published_digest(self, row: int) -> int:
        if self._published is None:
            return 0
        digests = self._published.snapshot.text_digest
        return int(digests[row]) if row < len(digests) else 0

    async def _rebuild(self) -> None:
        while True:
            await self._stale_model.wait()
            self._stale_model.clear()
            await self._build()
            await asyncio.sleep(_REBUILD_PAUSE_S)

    async def _build(self) -> None:
        built_at = _entry(self._changes_at)
        fresh_rows = np.array(sorted(self._counts), np.int64)
        counts = [self._counts[row] for row in fresh_rows.tolist()]
        stacked = sp.vstack(counts, format="csr") if counts else _no_counts()
        self.model = await asyncio.to_thread(
            _model, self._published, self.catalogue.n, fresh_rows, stacked, self._warmed
        )
        self._built_at = built_at
        self._arrived = {row: change for row, change in self._arrived.items() if change > built_at}
        async with self._moved:
            self._moved.notify_all()

    async def _follow_snapshot(self) -> None:
        while True:
            await asyncio.sleep(_RETRY_S)
            try:
                current = await self._snapshots.current()
                await self.look_around()
                await self._look_for_warmed()
            except StoreError:
                continue
            if current is not None and current != self._snapshot_id:
                await self._load_snapshot(current)
                await self._recount()
                self._stale_model.set()

    async def _look_for_warmed(self) -> None:
        """Take in what the worker folded in since the snapshot was trained."""
        if self._warmed_items is None:
            return
        version = await self._warmed_items.version()
        if version != self._warmed_version:
            self._warmed = await self._warmed_items.read()
            self._warmed_version = version
            self._stale_model.set()

    async def look_around(self) -> None:
        """Ask how the worker is doing and how much it has to do.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.get(keys.WORKER)
            pipeline.exists(keys.DEMO)
            for shard in range(keys.N_SHARDS):
                pipeline.xinfo_stream(keys.events(shard))
            for shard in range(keys.N_SHARDS):
                pipeline.xinfo_groups(keys.events(shard))
            heartbeat, demo, *found = await pipeline.execute(raise_on_error=False)
        self.worker_us = max(self.worker_us, int(heartbeat or 0))
        self.demo = bool(demo)
        streams, groups = found[: keys.N_SHARDS], found[keys.N_SHARDS :]
        self.events_behind = sum(
            self._behind(shard, streams[shard], groups[shard]) for shard in range(keys.N_SHARDS)
        )

    def _behind(self, shard: int, stream: Any, groups: Any) -> int:
        """Return how many entries of a shard are not on the boards that this process sees."""
        if not isinstance(stream, dict):
            return 0  # no such stream yet
        waiting = sum((group["lag"] or 0) + group["pending"] for group in groups)
        last = _entry(stream["last-generated-id"])
        if not groups:
            return int(stream["length"])
        return waiting or int(last > self._applied.get(shard, (0, 0)))

    @property
    def _snapshot_id(self) -> str | None:
        return None if self._published is None else self._published.snapshot.manifest.snapshot_id

    async def _load_snapshot(self, snapshot_id: str | None) -> None:
        if snapshot_id is None:
            return
        try:
            snapshot = await self._snapshots.load(snapshot_id, self.catalogue_id)
        except (SnapshotError, NotFoundError, StoreError) as exc:
            if self.snapshot_refused != str(exc):
                log.error("snapshot_refused", snapshot_id=snapshot_id, error=str(exc))
            self.snapshot_refused = str(exc)
            return
        self._published = await asyncio.to_thread(publish, snapshot)
        self.snapshot_refused = None
        log.info("snapshot_loaded", snapshot_id=snapshot_id)

    async def _recount(self) -> None:
        """Count what the new snapshot does not describe, and forget what it does."""
        for row, digest in self._digests.items():
            if self._published_digest(row) == digest:
                self._counts.pop(row, None)
        missing = [
            row
            for row, digest in self._digests.items()
            if row not in self._counts and self._published_digest(row) != digest
        ]
        for start in range(0, len(missing), 1000):
            ids = [self.catalogue.id_of(row) for row in missing[start : start + 1000]]
            found = await self._items.get(ids)
            texts = [(self.catalogue.rows[i.id], i) for i in found if i is not None]
            for row, _ in texts:
                self._digests.pop(row, None)
            await self._take_texts(texts)


def _model(
    published: Published | None,
    n_rows: int,
    fresh_rows: NDArray[np.int64],
    counts: sp.csr_matrix,
    warmed: Warmed | None,
) -> Model:
    model = build(published, n_rows, fresh_rows, counts)
    return model if warmed is None else with_warmed(model, warmed)


def _settle() -> None:
    """Have the garbage collector leave alone what was loaded.

    It stays, and looking through it again and again would stop every request meanwhile: for 0.2 s
    with 100,000 items.
    """
    gc.collect()
    gc.freeze()


def _ignore(_: float) -> None:
    """Observe nothing."""


def _no_counts() -> sp.csr_matrix:
    return sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)


def _entry(entry_id: str | bytes) -> tuple[int, int]:
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    ms, _, seq = text.partition("-")
    return int(ms), int(seq or 0)


def _entries(
    answer: dict[bytes, list[list[tuple[bytes, dict[bytes, bytes]]]]], key: str
) -> list[tuple[str, dict[bytes, bytes]]]:
    return [
        (entry_id.decode(), fields)
        for entries in answer.get(key.encode(), [])
        for entry_id, fields in entries
    ]
