"""The warmer: between two trainings, items without readers are folded in as their first ones come.

It follows the log once a second, less often under load, and looks only at what came since the served
snapshot was trained. An item that anybody went for since is folded in around its content factors from
its readers' profiles, as these stand now: who took their vote back is not among them. Of many items
those that waited longest come first.

What was archived before this worker began to follow is left to the next training.
"""

import asyncio

import numpy as np
import scipy.sparse as sp
import structlog

from recsvc.clock import apart_us
from recsvc.core.access.trust import trust_of
from recsvc.core.model.model import Model, Published, build, publish, text_digest
from recsvc.core.model.warming import Visit, warm
from recsvc.core.readers.evidence import Evidence
from recsvc.core.readers.kinds import Role
from recsvc.core.readers.profile import Profile, ProfileParams
from recsvc.core.text.terms import item_text, term_counts
from recsvc.errors import NotFoundError, SnapshotError
from recsvc.store import keys
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Logged, Streams
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.readers.profiles import Profiles

log = structlog.get_logger()

_PAGE = 100  # of each shard: all of them are asked at once
_MAX_ITEMS = 500
_MAX_READERS = 10
_PER_LOOK = 100
_ROWS_EVERY_US = 5_000_000

Readers = dict[str, None]


class Warmer:
    """Publishes what became of items since the served snapshot was trained."""

    def __init__(
        self,
        streams: Streams,
        items: Items,
        snapshots: Snapshots,
        profiles: Profiles,
        warmed: WarmedItems,
        params: ProfileParams,
    ) -> None:
        self._streams = streams
        self._items = items
        self._snapshots = snapshots
        self._profiles = profiles
        self._warmed = warmed
        self._evidence = Evidence(params)
        self._telling = {n for n, kind in params.kinds.items() if kind.role is not Role.EXPOSURE}
        self._published: Published | None = None
        self._after: dict[int, str] = {}
        self._touched: dict[str, Readers] = {}
        self._visited: dict[str, list[Visit]] = {}
        self._rows: dict[str, int] = {}
        self._rows_us = 0
        self._waiting: dict[str, None] = {}

    async def run_once(self, now_us: int) -> int:
        """Take in what came, and publish; return how many items that changed."""
        await self._follow_snapshot(now_us)
        if self._published is None:
            return 0
        await self._take()
        cold = await self._next(now_us)
        if not cold:
            return 0
        for item in cold:
            self._visited.pop(item, None)  # what changed last goes last
            if visits := await self._visits(item, now_us):
                self._visited[item] = visits
        self._visited = dict(list(self._visited.items())[-_MAX_ITEMS:])
        model = await self._model(list(self._visited))
        if model.learned is None:
            return 0
        by_row = {self._rows[item]: visits for item, visits in self._visited.items()}
        found = await asyncio.to_thread(warm, model, by_row)
        await self._warmed.publish(found, now_us)
        log.info("items_warmed", n=len(by_row), n_changed=len(cold))
        return len(cold)

    async def _follow_snapshot(self, now_us: int) -> None:
        """Begin again when another snapshot is served."""
        current = await self._snapshots.current()
        if current is None or current == self._snapshot_id:
            return
        try:
            snapshot = await self._snapshots.load(current, await self._items.catalogue_id())
        except (SnapshotError, NotFoundError):
            self._published = None
            return
        self._published = await asyncio.to_thread(publish, snapshot)
        self._rows, self._rows_us = await self._items.rows(), now_us
        start = f"{snapshot.manifest.created_us // 1000}-0"
        self._after = dict.fromkeys(range(keys.N_SHARDS), start)
        self._touched.clear()
        self._visited.clear()
        self._waiting.clear()

    @property
    def _snapshot_id(self) -> str | None:
        return None if self._published is None else self._published.snapshot.manifest.snapshot_id

    async def _take(self) -> None:
        """Note who did something to which item since the last look."""
        is_keyed = await self._streams.is_keyed()
        after = self._after
        while found := await self._streams.following(after, _PAGE):
            after = {shard: page[-1].entry_id for shard, page in found.items()}
            self._after |= after
            for page in found.values():
                self._note(page, is_keyed)
            after = {shard: last for shard, last in after.items() if len(found[shard]) == _PAGE}
            await asyncio.sleep(0)

    def _note(self, page: list[Logged], is_keyed: bool) -> None:
        for logged in page:
            try:
                event = logged.entry()
            except (ValueError, KeyError):
                continue  # one of the dead letters
            if is_keyed and not trust_of(event.user, event.trust).is_vouched:
                continue  # anybody could be an item's first ten readers
            if event.kind in self._telling and not self._is_trained(event.item):
                self._touch(event.item, event.user)
                self._waiting[event.item] = None

    def _touch(self, item: str, user: str) -> None:
        """Note that somebody did something to an item; of its readers the latest are kept."""
        readers = self._touched.setdefault(item, {})
        readers.pop(user, None)
        readers[user] = None
        if len(readers) > _MAX_READERS:
            del readers[next(iter(readers))]

    async def _next(self, now_us: int) -> list[str]:
        """Return the items to fold in now, those that waited longest first; the others wait on.

        Items that came lately have no row here yet: the catalogue is asked now and then.
        """
        is_late = apart_us(self._rows_us, now_us) > _ROWS_EVERY_US
        if is_late and not self._waiting.keys() <= self._rows.keys():
            self._rows, self._rows_us = await self._items.rows(), now_us
            known = (item for item in self._waiting if item in self._rows)
            self._waiting = {item: None for item in known if not self._is_trained(item)}
        cold = [item for item in self._waiting if item in self._rows][:_PER_LOOK]
        for item in cold:
            del self._waiting[item]
        return cold

    def _is_trained(self, item: str) -> bool:
        """Return whether the snapshot has learned the item from readers."""
        assert self._published is not None
        row, support = self._rows.get(item), self._published.snapshot.support
        return row is not None and row < len(support) and bool(support[row])

    async def _visits(self, item: str, now_us: int) -> list[Visit]:
        """Return who went for an item, with the rest of what they did."""
        found = await asyncio.gather(*(self._profiles.read(user) for user in self._touched[item]))
        visits = (self._visit(item, profile, now_us) for profile, _ in found)
        return [visit for visit in visits if visit is not None]

    def _visit(self, item: str, profile: Profile, now_us: int) -> Visit | None:
        """Return a reader's visit to an item, with the rest of what they did; None if they left it."""
        own, rows, evidence = 0.0, [], []
        for interaction in sorted(profile.interactions, key=lambda i: i.last_us):
            weight = self._evidence.of(interaction, now_us)
            row = self._rows.get(interaction.item)
            if interaction.item == item:
                own = weight
            elif weight and row is not None:
                rows.append(row)
                evidence.append(weight)
        if own <= 0:
            return None
        return Visit(np.array(rows, np.int64), np.array(evidence, np.float32), own)

    async def _model(self, items: list[str]) -> Model:
        """Return the served model, with the texts of those items that came after it."""
        assert self._published is not None
        digests = self._published.snapshot.text_digest
        rows, texts = [], []
        for item in await self._items.get(items):
            if item is None:
                continue
            text, row = item_text(item.title, item.text, item.topics), self._rows[item.id]
            if row >= len(digests) or int(digests[row]) != text_digest(text):
                rows.append(row)
                texts.append(text)
        order = np.argsort(np.array(rows, np.int64))
        counts = sp.csr_matrix(term_counts(texts)[order])
        n_rows = max(self._rows.values(), default=-1) + 1
        fresh = np.array(rows, np.int64)[order]
        return await asyncio.to_thread(build, self._published, n_rows, fresh, counts)
