"""A log and a catalogue from files of any format that imports know, without a store."""

from pathlib import Path

import polars as pl

from recsvc.core.items.item import NewItem, StoredItem
from recsvc.core.items.merging import merged_into
from recsvc.core.readers.events import Entry, accept
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError, RecsvcError
from recsvc.sources.formats import recognised
from recsvc.sources.records import Happened, Options
from workers.log.schema import SCHEMA
from workers.training.training import Material, gather


def read(
    files: list[Path], options: Options, kinds: dict[str, Kind], now_us: int
) -> tuple[Material, int]:
    """Return what training works on, and how many records were not understood.

    Items that only events name stand in the catalogue with their id and nothing else.

    Raises:
        UnknownFormatError: when a file is of no known format.
        InvalidError: when the files hold no events.
    """
    items: dict[str, StoredItem] = {}
    entries: list[Entry] = []
    n_problems = 0
    for path in files:
        for source, content in recognised(path, options):
            for record in source.read(content, options):
                if isinstance(record, NewItem):
                    items[record.id] = merged_into(record, items.get(record.id), now_us)
                elif isinstance(record, Happened):
                    try:
                        entries.append(accept(record.event, None, kinds, now_us))
                    except RecsvcError:
                        n_problems += 1
    if not entries:
        raise InvalidError("the files hold no events that could be evaluated")
    for entry in entries:
        if entry.item not in items:
            items[entry.item] = StoredItem(id=entry.item, title=entry.item, created_us=entry.at_us)
    rows = {item: row for row, item in enumerate(sorted(items))}
    by_row = {rows[item.id]: item for item in items.values()}
    return gather(_table(entries), by_row, rows, "files", now_us), n_problems


def _table(entries: list[Entry]) -> pl.DataFrame:
    rows = [
        (0, n, 0, e.user, e.item, e.kind, e.at_us, e.at_us, e.event_id, e.feed_id, e.position,
         e.value_milli, e.source, e.trust, e.network)
        for n, e in enumerate(entries, 1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
