"""Gathering: the whole log and catalogue of the service, from archive and store."""

import asyncio

import polars as pl

from recsvc.store.items import Items
from recsvc.store.streams import Streams
from workers.archive import Archive, table
from workers.archiver import tail
from workers.train import Material, gather


async def gathered(archive: Archive, streams: Streams, items: Items, now_us: int) -> Material:
    """Return everything there is to learn from."""
    archived = await asyncio.to_thread(archive.until)
    fresh = table(await tail(streams, archived))
    events = pl.concat([await asyncio.to_thread(archive.read), fresh])
    rows = await items.rows()
    found = {}
    async for batch in items.all():
        found.update({rows[item.id]: item for item in batch if item.id in rows})
    catalogue_id = await items.catalogue_id()
    return await asyncio.to_thread(gather, events, found, rows, catalogue_id, now_us)
