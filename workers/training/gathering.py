"""Gathering: the whole log and catalogue of the service, from archive and store."""

import asyncio
from pathlib import Path

import msgspec
import polars as pl

from recsvc.core.items.item import StoredItem
from recsvc.core.items.rows import are_sound
from recsvc.errors import ConflictError
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from workers.log.archive import Archive, table
from workers.log.archiver import tail
from workers.log.copied import Copied
from workers.log.reading import read_log, read_rest
from workers.training.believing import all_counted
from workers.training.training import Material, gather


class Lent(msgspec.Struct, frozen=True):
    """A file of an archive that other machines fetch, by an address that lets them."""

    address: str
    sha256: str


class ElsewhereMaterial(Material, frozen=True, kw_only=True):
    """What training works on where the log is too long to be held here.

    Attributes:
        events: what no file of the archive has yet.
        files: the archive's, where it is here.
        lent: the same, where it is in another place.
        erased: readers whose events in files count for nothing.
        n_logged: entries that there are, some of them perhaps twice.
        is_keyed: whether it matters who vouches for events.
    """

    files: list[Path]
    n_logged: int
    is_keyed: bool
    lent: tuple[Lent, ...] = ()
    erased: tuple[str, ...] = ()


async def gathered(archive: Archive, streams: Streams, items: Items, now_us: int) -> Material:
    """Return everything there is to learn from.

    Raises:
        ConflictError: when items share a row, as after damage to the store: a model would mix them up.
    """
    log = await read_log(archive, streams)
    events = log.events if await streams.is_keyed() else all_counted(log.events)
    return await _with_catalogue(events, items, now_us)


async def gathered_elsewhere(
    archive: Archive, streams: Streams, items: Items, now_us: int
) -> ElsewhereMaterial:
    """Return everything there is to learn from, the archived log by the names of its files.

    Raises:
        ConflictError: as `gathered`.
    """
    rest = await read_rest(archive, streams)
    files = await asyncio.to_thread(archive.files)  # what moved meanwhile is in both
    n_logged = await asyncio.to_thread(archive.count) + rest.height
    known = msgspec.structs.asdict(await _with_catalogue(rest, items, now_us))
    is_keyed = await streams.is_keyed()
    return ElsewhereMaterial(**known, files=files, n_logged=n_logged, is_keyed=is_keyed)


async def gathered_from_copy(
    copy: Copied, streams: Streams, items: Items, now_us: int
) -> ElsewhereMaterial:
    """Return the same with the log as a copy of the archive has it, and all that the store has.

    Raises:
        ConflictError: as `gathered`.
    """
    rest = table(await tail(streams, {}))
    known = msgspec.structs.asdict(await _with_catalogue(rest, items, now_us))
    return ElsewhereMaterial(
        **known,
        files=[],
        n_logged=sum(one.rows for one in copy.files.values()) + rest.height,
        is_keyed=await streams.is_keyed(),
        lent=tuple(Lent(copy.depot.lent(name), one.sha256) for name, one in copy.files.items()),
        erased=tuple(copy.erased),
    )


async def _with_catalogue(events: pl.DataFrame, items: Items, now_us: int) -> Material:
    rows = await items.rows()
    if not are_sound(rows):
        raise ConflictError(
            "the store was damaged, and items have no row of their own: stop the service and run "
            "`recsvc rebuild`"
        )
    found: dict[int, StoredItem] = {}
    async for batch in items.all():
        found.update({rows[item.id]: item for item in batch if item.id in rows})
    catalogue_id = await items.catalogue_id()
    return await asyncio.to_thread(gather, events, found, rows, catalogue_id, now_us)
