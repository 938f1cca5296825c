"""Looking into the log: entries that somebody asks for, a page at a time.

Files of the archive are looked through one after another, from the end that is asked for, until the page
is full. Whoever asks for something rare gets what was found in a few seconds, and where to go on.
"""

import asyncio
import time

import msgspec
import polars as pl

from recsvc.core.readers.events import Entry
from recsvc.store.log.epochs import FORMER
from recsvc.store.log.questions import Answer, Place, Question
from recsvc.store.log.streams import Streams
from workers.log.archive import IDENTITY, Archive, table
from workers.log.archiver import tail

LONGEST_S = 2.5

_ORDER = ["entry_ms", "entry_seq", "shard"]
_MOST = 2**31 - 1


async def look(
    archive: Archive,
    streams: Streams,
    question: Question,
    now_us: int,
    longest_s: float = LONGEST_S,
) -> Answer:
    """Return what the log answers, whatever the archiver moves meanwhile.

    Args:
        longest_s: after which no further file is opened.
    """
    # How far the archive goes first, its files last: what is moved in between is in both.
    held = await streams.epochs.held()
    archived = await asyncio.to_thread(archive.until, held[0] if held else FORMER)
    recent = _narrowed(table(await tail(streams, archived)).lazy(), question).collect()
    found, bound = await asyncio.to_thread(_with_files, archive, recent, question, longest_s)
    rows = _first(found, question, question.limit + 1)
    if bound is not None:  # beyond it lies what was not looked at
        ms = pl.col("entry_ms")
        rows = rows.filter(ms < bound if question.oldest_first else ms > bound)
    shown = rows.head(question.limit)
    follow: Place | None = None
    if rows.height > question.limit:
        follow = shown.select(_ORDER).row(-1)
    elif bound is not None:
        follow = (bound - 1, _MOST, _MOST) if question.oldest_first else (bound + 1, 0, 0)
    return Answer([_entry(row) for row in shown.iter_rows(named=True)], now_us, follow)


def _with_files(
    archive: Archive, found: pl.DataFrame, question: Question, longest_s: float
) -> tuple[pl.DataFrame, int | None]:
    """Return what was found with what the files add, and the millisecond at which it was given up.

    Returns:
        None instead of the millisecond when nothing was left out that could be on the page.
    """
    deadline = time.monotonic() + longest_s
    oldest_first, after = question.oldest_first, question.after
    spans = {file: one.span_ms for file, one in archive.contents().items() if one.span_ms}
    if after is not None and oldest_first:
        spans = {file: span for file, span in spans.items() if span[1] >= after[0]}
    elif after is not None:
        spans = {file: span for file, span in spans.items() if span[0] <= after[0]}
    ordered = sorted(spans.items(), key=lambda pair: pair[1][0] if oldest_first else -pair[1][1])
    for n, (file, (first_ms, last_ms)) in enumerate(ordered):
        edge = first_ms if oldest_first else last_ms
        if found.height > question.limit:
            worst = found.row(question.limit, named=True)["entry_ms"]
            if worst < edge if oldest_first else worst > edge:
                return found, None
        if n and time.monotonic() > deadline:
            return found, edge
        more = _first(
            _narrowed(archive.scan(file), question).collect(), question, question.limit + 1
        )
        found = _first(pl.concat([found, more]), question, question.limit + 1)
    return found, None


def _narrowed(events: pl.LazyFrame, question: Question) -> pl.LazyFrame:
    """Return the events that are asked for."""
    wanted = {"user": question.user, "kind": question.kind}
    for name, value in wanted.items():
        if value is not None:
            events = events.filter(pl.col(name) == value)
    if question.items:
        events = events.filter(pl.col("item").is_in(question.items))
    if question.since_us is not None:
        events = events.filter(pl.col("at_us") >= question.since_us)
    if question.until_us is not None:
        events = events.filter(pl.col("at_us") < question.until_us)
    if question.after is not None:
        events = events.filter(_is_behind(question.after, oldest_first=question.oldest_first))
    return events


def _is_behind(place: Place, *, oldest_first: bool) -> pl.Expr:
    behind = pl.lit(value=False)
    for name, value in reversed(list(zip(_ORDER, place, strict=True))):
        further = pl.col(name) > value if oldest_first else pl.col(name) < value
        behind = further | ((pl.col(name) == value) & behind)
    return behind


def _first(events: pl.DataFrame, question: Question, n: int) -> pl.DataFrame:
    """Return the first n events in the order that is asked for, each once."""
    return events.unique(IDENTITY).sort(_ORDER, descending=not question.oldest_first).head(n)


def _entry(row: dict[str, object]) -> Entry:
    return msgspec.convert({n: v for n, v in row.items() if n in Entry.__struct_fields__}, Entry)
