"""The event log as a whole: what is archived, and what the streams hold besides."""

import asyncio

import msgspec
import polars as pl

from recsvc.store.entry_ids import parse
from recsvc.store.log.epochs import FORMER
from recsvc.store.log.streams import Streams
from workers.log.archive import IDENTITY, Archive, table
from workers.log.archiver import tail


class Log(msgspec.Struct, frozen=True):
    """The whole event log up to a moment.

    Attributes:
        events: a table of the archive's schema, each entry once, those of earlier epochs too.
        until: the last entry of each shard of the log that is being written.
    """

    events: pl.DataFrame
    until: dict[int, str]


async def read_log(
    archive: Archive, streams: Streams, aliases: dict[str, str] | None = None
) -> Log:
    """Return the event log as it is now, whatever the archiver moves meanwhile.

    Args:
        aliases: item by other name: what was logged under a name counts for its item.
    """
    held = await streams.epochs.held()
    epoch = held[0] if held else FORMER
    archived = await asyncio.to_thread(archive.until, epoch)
    lasts = await streams.lasts()
    until = {
        shard: max(archived.get(shard, "0-0"), lasts.get(shard, "0-0"), key=parse)
        for shard in archived.keys() | lasts.keys()
    }
    rest = table(await tail(streams, archived, until))
    events = pl.concat([await asyncio.to_thread(archive.read), rest])
    named = events.with_columns(pl.col("item").replace(aliases)) if aliases else events
    # What was moved from the streams to a file in between is in both.
    each_once = named.unique(IDENTITY, maintain_order=True)
    return Log(each_once, until)
