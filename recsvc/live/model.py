"""The model at hand: what was published, what was warmed since, and the texts that came after both.

It is built in a thread and replaced whole, so that no request ever waits for it or sees half of it.
"""

import asyncio
import time

import numpy as np
import scipy.sparse as sp
import structlog
from numpy.typing import NDArray

from recsvc.core.model.model import Model, Published, build, with_warmed
from recsvc.core.model.snapshot import Warmed
from recsvc.errors import NotFoundError, SnapshotError
from recsvc.live.publishing import published
from recsvc.live.texts import NONE_DESCRIBED, FreshTexts, no_counts
from recsvc.live.tried import AGAIN_S, Tried
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe

log = structlog.get_logger()


class LiveModel:
    """Follows what is published, and builds the model.

    Attributes:
        model: replaced whole, never changed.
        tried: which others are held beside it, and which are wanted.
        of_trials: those others by their snapshots, replaced with it.
        n_built: how often it was.
        texts: those that came after the snapshots.
        refused: why the published snapshot is not served, if it is not.
    """

    def __init__(self, snapshots: Snapshots, warmed: WarmedItems | None = None) -> None:
        self._snapshots = snapshots
        self._warmed_items = warmed
        self._published: Published | None = None
        self._warmed: Warmed | None = None
        self._warmed_version = 0
        self.texts = FreshTexts()
        self.model: Model = build(None, 0, np.empty(0, np.int64), no_counts())
        self.tried = Tried()
        self.of_trials: dict[str, Model] = {}
        self.n_built = 0
        self.refused: str | None = None
        self._told: tuple[str | None, ...] = (None,)
        self._refused_id: str | None = None
        self._refused_s = 0.0

    async def follow(self, catalogue_id: str, kept: Pipe | None = None) -> bool:
        """Take over the snapshot to be served, and those to be tried; return whether any changed.

        One that cannot be read leaves the one before in its place. What was learned of another
        catalogue is of no use: its rows are other items. One that was refused is read again only after
        a while.

        Args:
            kept: what stands for the store while it is away.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        snapshots = self._snapshots if kept is None else self._snapshots.told_by(kept)
        served = self._published
        if served is not None and served.snapshot.manifest.catalogue_id != catalogue_id:
            self._published = None
        current = await snapshots.current()
        if current == self._snapshot_id:
            self.refused = self._refused_id = None  # somebody went back to it
        elif current is not None and (current != self._refused_id or self._is_again_due()):
            await self._load(snapshots, current, catalogue_id)
        await self.tried.follow(snapshots, catalogue_id, self._published)
        # Told from what was told before, not from what changed here: the store may go in between.
        at_hand = tuple(map(_id_of, self._at_hand))
        if at_hand == self._told:
            return False
        self._told = at_hand
        self.texts.describe(*map(_described_by, self._at_hand))
        return True

    async def follow_warmed(self) -> bool:
        """Take in what the worker folded in since the snapshot; return whether that changed."""
        if self._warmed_items is None:
            return False
        version = await self._warmed_items.version()
        if version == self._warmed_version:
            return False
        self._warmed = await self._warmed_items.read()
        self._warmed_version = version
        return True

    async def build(self, n_rows: int) -> None:
        """Build the model of everything known by now.

        Args:
            n_rows: rows the catalogue has given out.
        """
        tried, all_of_them = list(self.tried.published), self._at_hand
        # As wide as each other: places of one list may be picked by two of them.
        n = max(
            n_rows, *(0 if one is None else one.snapshot.manifest.n_rows for one in all_of_them)
        )
        fresh = [self.texts.counted(_described_by(one)) for one in all_of_them]
        models = await asyncio.to_thread(
            lambda: [
                _model(one, n, counted, self._warmed)
                for one, counted in zip(all_of_them, fresh, strict=True)
            ]
        )
        self.model = models[0]
        self.of_trials = dict(zip(tried, models[1:], strict=True))
        self.n_built += 1

    @property
    def _at_hand(self) -> list[Published | None]:
        """What is served, first, and what is tried."""
        return [self._published, *self.tried.published.values()]

    @property
    def _snapshot_id(self) -> str | None:
        return _id_of(self._published)

    async def _load(self, snapshots: Snapshots, snapshot_id: str, catalogue_id: str) -> None:
        try:
            snapshot = await snapshots.load(snapshot_id, catalogue_id)
        except (SnapshotError, NotFoundError) as exc:
            if self._refused_id != snapshot_id:
                log.error("snapshot_refused", snapshot_id=snapshot_id, error=str(exc))
            if self._published is None:
                await self._fall_back(snapshots, snapshot_id, catalogue_id)
            served = self._snapshot_id
            self.refused = str(exc) + (f"; {served} is served in its place" if served else "")
            self._refused_id, self._refused_s = snapshot_id, time.monotonic()
            return
        self._published = await published(snapshots, snapshot)
        self.refused = self._refused_id = None
        log.info("snapshot_loaded", snapshot_id=snapshot_id)

    async def _fall_back(self, snapshots: Snapshots, refused: str, catalogue_id: str) -> None:
        """Serve the latest sound snapshot rather than none: there is none before at a start."""
        snapshot = await snapshots.latest_sound(catalogue_id, refused)
        if snapshot is None:
            return
        self._published = await published(snapshots, snapshot)
        log.warning("snapshot_fallen_back", snapshot_id=self._snapshot_id, refused=refused)

    def _is_again_due(self) -> bool:
        return time.monotonic() - self._refused_s > AGAIN_S


def _id_of(published: Published | None) -> str | None:
    return None if published is None else published.snapshot.manifest.snapshot_id


def _described_by(published: Published | None) -> NDArray[np.uint64]:
    return NONE_DESCRIBED if published is None else published.snapshot.text_digest


def _model(
    published: Published | None,
    n_rows: int,
    fresh: tuple[NDArray[np.int64], sp.csr_matrix],
    warmed: Warmed | None,
) -> Model:
    model = build(published, n_rows, *fresh)
    return model if warmed is None else with_warmed(model, warmed)
