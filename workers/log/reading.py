"""The event log as a whole: what is archived, and what the streams hold besides."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from itertools import chain
from pathlib import Path

import msgspec
import polars as pl

from recsvc.core.readers.events import Entry
from recsvc.store import keys
from recsvc.store.entry_ids import FIRST, EntryId, parse
from recsvc.store.log.epochs import FORMER
from recsvc.store.log.streams import Streams
from workers.log.archive import IDENTITY, Archive, table
from workers.log.archiver import tail
from workers.log.decoding import decoded
from workers.log.schema import SCHEMA

_PER_PIECE = 2_000


class Log(msgspec.Struct, frozen=True):
    """The whole event log up to a moment.

    Attributes:
        events: a table of the archive's schema, each entry once, those of earlier epochs too.
        until: the last entry of each shard of the log that is being written.
    """

    events: pl.DataFrame
    until: dict[int, str]

    def of(self, *, users: Collection[str] = (), items: Collection[str] = ()) -> "Log":
        """Return what it has of some readers and items."""
        is_wanted = pl.col("user").is_in(list(users)) | pl.col("item").is_in(list(items))
        return Log(self.events.filter(is_wanted), self.until)

    def items_after(self, entries: Mapping[int, str]) -> set[str]:
        """Return the items of whatever came after an entry of each shard; of shards without, all."""
        lasts = pl.DataFrame(
            [(shard, *parse(entry)) for shard, entry in entries.items()],
            {"shard": SCHEMA["shard"], "last_ms": pl.Int64, "last_seq": pl.Int64},
            orient="row",
        )
        ms, seq = pl.col("last_ms").fill_null(0), pl.col("last_seq").fill_null(0)
        is_same_ms = pl.col("entry_ms") == ms
        is_later = (pl.col("entry_ms") > ms) | (is_same_ms & (pl.col("entry_seq") > seq))
        return set(self.events.join(lasts, on="shard", how="left").filter(is_later)["item"])


async def log_of(
    archive: Archive, streams: Streams, users: Collection[str], items: Collection[str]
) -> Log:
    """Return what the log has of some readers and items; files are not read as wholes."""
    held = await streams.epochs.held()
    archived = await asyncio.to_thread(archive.until, held[0] if held else FORMER)
    is_wanted = pl.col("user").is_in(list(users)) | pl.col("item").is_in(list(items))
    rest = table(await tail(streams, archived)).lazy()
    lazy = chain([rest], map(archive.scan, await asyncio.to_thread(archive.files)))
    tables = [await asyncio.to_thread(one.filter(is_wanted).collect) for one in lazy]
    # Some are what everybody went for, and some went for everything: that is no small part of the log.
    events = await asyncio.to_thread(
        lambda: pl.concat(tables).unique(IDENTITY, maintain_order=True)
    )
    return Log(events, {})


async def sample(
    archive: Archive, streams: Streams, rng: random.Random, n: int
) -> list[tuple[str, str]]:
    """Return readers and items that some entries speak of, of a file and of the stream of a shard."""
    files, shard = await asyncio.to_thread(archive.files), rng.randrange(keys.N_SHARDS)
    page = await streams.range(shard, "0-0", "+", _PER_PIECE)
    tables = [table([(shard, one, event) for one in page if (event := decoded(one)) is not None])]
    if files:
        tables.append(await asyncio.to_thread(archive.scan(rng.choice(files)).collect))
    rows = pl.concat([one.select("user", "item") for one in tables])
    return rows.sample(min(n, rows.height), seed=rng.randrange(2**32)).rows()


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


async def read_rest(archive: Archive, streams: Streams) -> pl.DataFrame:
    """Return what no file of the archive has, to be put beside files that are named afterwards."""
    held = await streams.epochs.held()
    archived = await asyncio.to_thread(archive.until, held[0] if held else FORMER)
    return table(await tail(streams, archived))


class Pieces:
    """The event log in pieces, each event once and those of a shard in their order.

    What the archiver moves meanwhile is in a new file before it leaves the streams: a stretch of one
    counts only if no file came in between.
    """

    def __init__(self, archive: Archive, streams: Streams) -> None:
        self._archive = archive
        self._streams = streams
        self._read: set[Path] = set()
        self._seen: dict[tuple[str, int], EntryId] = {}
        # Of a log that was lost and begun anew: what two epochs have in common is known by its content.
        self._known: set[int] | None = None

    async def each(self) -> AsyncIterator[list[Entry]]:
        """Yield everything up to now."""
        held = await self._streams.epochs.held()
        epoch = held[0] if held else FORMER
        until = await self._streams.lasts()
        if len(await asyncio.to_thread(self._archive.epochs)) > 1:
            self._known = set()
        shards = list(range(keys.N_SHARDS))
        while shards:
            async for piece in self._files():
                yield piece
            shard = shards[0]
            ms, seq = self._seen.get((epoch, shard), FIRST)
            last = until.get(shard, "0-0")
            page = await self._streams.range(shard, f"{ms}-{seq}", last, _PER_PIECE)
            if not self._read.issuperset(await asyncio.to_thread(self._archive.files)):
                continue
            events = [(shard, one, event) for one in page if (event := decoded(one)) is not None]
            yield self._unseen(table(events), epoch)
            if page:
                self._seen[epoch, shard] = parse(page[-1].entry_id)
            else:
                shards.pop(0)

    async def _files(self) -> AsyncIterator[list[Entry]]:
        contents = await asyncio.to_thread(self._archive.contents)
        for file, content in contents.items():
            if file not in self._read:
                self._read.add(file)
                rows = await asyncio.to_thread(self._archive.scan(file).collect)
                for piece in rows.iter_slices(_PER_PIECE):
                    yield self._unseen(piece, content.epoch)

    def _unseen(self, rows: pl.DataFrame, epoch: str) -> list[Entry]:
        """Return the events that were not seen before, and note them as seen."""
        found = []
        for row in rows.iter_rows(named=True):
            key, place = (epoch, row["shard"]), (row["entry_ms"], row["entry_seq"])
            if place > self._seen.get(key, FIRST):
                self._seen[key] = place
                if self._is_news(tuple(row[name] for name in IDENTITY)):
                    found.append(Entry(**{name: row[name] for name in Entry.__struct_fields__}))
        return found

    def _is_news(self, identity: tuple[object, ...]) -> bool:
        if self._known is None:
            return True
        n_before = len(self._known)
        self._known.add(hash(identity))
        return len(self._known) > n_before
