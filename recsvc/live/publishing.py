"""Publishing: a loaded snapshot is made ready to rank with, in pages that processes share."""

import asyncio
from functools import partial

from recsvc.core.model.model import PREPARED_BY, Published, prepare, publish
from recsvc.core.model.snapshot import Snapshot
from recsvc.store.models.snapshots import Snapshots


async def published(snapshots: Snapshots, snapshot: Snapshot) -> Published:
    """Return a snapshot ready to rank with."""
    make = partial(prepare, snapshot)
    prepared = await snapshots.prepared(snapshot.manifest, PREPARED_BY, make)
    return await asyncio.to_thread(publish, snapshot, prepared)
