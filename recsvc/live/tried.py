"""Models that are tried: those that experiments name, at hand beside the one that is served.

They are of the same catalogue and know the same new items. There are as many as experiments may name at
a time, their arrays are pages of files that all processes share, and each goes when nobody names it any
more. One that is gone or cannot be read is said to be, and its experiment stands still until it is
there: readers who were shown something else in its place would be counted as if they had not been.
"""

import time
from collections.abc import Set

import structlog

from recsvc.core.model.model import Published
from recsvc.errors import NotFoundError, SnapshotError
from recsvc.live.publishing import published
from recsvc.store.models.snapshots import Snapshots

log = structlog.get_logger()

AGAIN_S = 60.0  # a snapshot can be hundreds of megabytes: it is not fetched at each look


class Tried:
    """Holds the snapshots that are wanted beside the one that is served.

    Attributes:
        wanted: their ids; somebody else says which.
        published: those at hand.
        refused: why others are not.
    """

    def __init__(self) -> None:
        self.wanted: Set[str] = frozenset()
        self.published: dict[str, Published] = {}
        self.refused: dict[str, str] = {}
        self._refused_s: dict[str, float] = {}

    async def follow(
        self, snapshots: Snapshots, catalogue_id: str, served: Published | None
    ) -> None:
        """Take hold of what is wanted and let go of the rest.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        before, wanted = self.published, set(self.wanted)
        if served is not None:
            before = {served.snapshot.manifest.snapshot_id: served} | before
        found = {
            snapshot_id: one
            for snapshot_id, one in before.items()
            if snapshot_id in wanted and one.snapshot.manifest.catalogue_id == catalogue_id
        }
        for gone in self.refused.keys() - (wanted - found.keys()):
            del self.refused[gone], self._refused_s[gone]
        for snapshot_id in sorted(wanted - found.keys()):
            if self._is_due(snapshot_id):
                one = await self._loaded(snapshots, snapshot_id, catalogue_id)
                if one is not None:
                    found[snapshot_id] = one
        self.published = found

    async def _loaded(
        self, snapshots: Snapshots, snapshot_id: str, catalogue_id: str
    ) -> Published | None:
        try:
            snapshot = await snapshots.load(snapshot_id, catalogue_id)
        except (SnapshotError, NotFoundError) as exc:
            if snapshot_id not in self.refused:
                log.error("tried_snapshot_refused", snapshot_id=snapshot_id, error=str(exc))
            self.refused[snapshot_id] = str(exc)
            self._refused_s[snapshot_id] = time.monotonic()
            return None
        self.refused.pop(snapshot_id, None)
        self._refused_s.pop(snapshot_id, None)
        log.info("tried_snapshot_loaded", snapshot_id=snapshot_id)
        return await published(snapshots, snapshot)

    def _is_due(self, snapshot_id: str) -> bool:
        refused_s = self._refused_s.get(snapshot_id)
        return refused_s is None or time.monotonic() - refused_s > AGAIN_S
