"""Gathering: the whole log and catalogue of the service, from archive and store."""

import asyncio

from recsvc.core.items.rows import are_sound
from recsvc.errors import ConflictError
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from workers.log.archive import Archive
from workers.log.reading import read_log
from workers.training.believing import all_counted
from workers.training.training import Material, gather


async def gathered(archive: Archive, streams: Streams, items: Items, now_us: int) -> Material:
    """Return everything there is to learn from.

    Raises:
        ConflictError: when items share a row, as after damage to the store: a model would mix them up.
    """
    log = await read_log(archive, streams)
    rows = await items.rows()
    if not are_sound(rows):
        raise ConflictError(
            "the store was damaged, and items have no row of their own: stop the service and run "
            "`recsvc rebuild`"
        )
    found = {}
    async for batch in items.all():
        found.update({rows[item.id]: item for item in batch if item.id in rows})
    catalogue_id = await items.catalogue_id()
    events = log.events if await streams.is_keyed() else all_counted(log.events)
    return await asyncio.to_thread(gather, events, found, rows, catalogue_id, now_us)
