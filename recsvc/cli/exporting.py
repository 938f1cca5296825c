"""`recsvc export`: items, readers and events, out of the service as a file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import click

from recsvc.api.gorse.rows import together
from recsvc.cli import export_rows as rows
from recsvc.cli.context import store
from recsvc.cli.export_formats import Columns, Lines, Table, Writer, opened
from recsvc.cli.export_rows import Row
from recsvc.clock import now_us
from recsvc.core.items.aliases import Aliases
from recsvc.core.items.item import StoredItem
from recsvc.core.readers.gorse_rows import Names
from recsvc.errors import InvalidError
from recsvc.settings import Settings, from_environment
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.gorse import Completing, FeedbackRow, Gorse
from recsvc.store.readers.index import ReaderIndex
from recsvc.store.readers.profiles import ALL, Profiles

What = Literal["items", "users", "events"]

_PER_READ = 500
_COLUMNS = {"items": rows.ITEM, "users": rows.USER, "events": rows.EVENT}


@click.command("export")
@click.argument("what", type=click.Choice(["items", "users", "events"]))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet", "gorse"]),
    default="jsonl",
    show_default=True,
    help="How it is written; `gorse`: as Gorse's dashboard exports and imports it.",
)
@click.option("--to", "to", type=click.Path(dir_okay=False, path_type=Path), help="Where to.")
def export_command(what: What, form: str, to: Path | None) -> None:
    """Write all items, users or events to a file, or print them, whether the service runs or not.

    `recsvc import` reads items and events back. Docs: docs/exporting.md.
    """
    if form == "parquet" and to is None:
        raise InvalidError("Parquet cannot be printed: say where to with --to FILE", "to")
    n = asyncio.run(_export(from_environment(), what, form, to))
    click.echo(f"{n} {what} exported", err=True)


async def _export(settings: Settings, what: What, form: str, to: Path | None) -> int:
    async with store(settings) as redis:
        if form == "gorse":
            found = _in_gorses_words(settings, redis, what)
        else:
            found = _in_our_words(settings, redis, what)
        if form == "parquet":
            assert to is not None
            return await _as_parquet(found, what, to)
        with opened(to) as file:
            columns = _COLUMNS[what]
            writer = Table(file, columns) if form == "csv" else Lines(file, whole=form == "gorse")
            return await _written(found, writer)


async def _written(found: AsyncIterator[Row], writer: Writer) -> int:
    n = 0
    async for row in found:
        writer.write(row)
        n += 1
    return n


async def _as_parquet(found: AsyncIterator[Row], what: What, to: Path) -> int:
    from workers.log.parquet import from_lines

    # A file in between, so that memory does not grow with what there is.
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        lines, whole = Path(folder) / "lines", Path(folder) / "whole"
        with lines.open("wb") as file:
            n = await _written(found, Columns(file))
        await asyncio.to_thread(from_lines, lines, whole, _COLUMNS[what], rows.INSTANTS)
        whole.replace(to)
    return n


async def _in_our_words(settings: Settings, redis: Redis, what: What) -> AsyncIterator[Row]:
    if what == "events":
        from workers.log.archive import Archive
        from workers.log.reading import Pieces

        archive = Archive(settings.archive_path)
        async for piece in Pieces(archive, Streams(redis, "export")).each():
            for entry in piece:
                yield rows.event_row(entry)
    elif what == "users":
        index = ReaderIndex(Pipe(redis), settings.log.profile_ttl_days)
        await index.build(now_us())
        after: str | None = ""
        while after is not None:
            known, after = await index.page(after, _PER_READ)
            for one in known:
                yield rows.user_row(one)
    else:
        async for item in _items(redis):
            yield rows.item_row(item)


async def _in_gorses_words(settings: Settings, redis: Redis, what: What) -> AsyncIterator[Row]:
    gorse = Gorse(Pipe(redis), settings.log.profile_ttl_days)
    if what == "items":
        async for item in _items(redis):
            yield rows.gorse_item(item)
        return
    await ReaderIndex(Pipe(redis), settings.log.profile_ttl_days).build(now_us())
    if what == "users":
        last = ""
        while users := await gorse.users(last, _PER_READ):
            for user, fields in users:
                yield rows.gorse_user(user, fields)
            last = users[-1][0]
        return
    complete = await _completing(settings, redis)
    place: tuple[str, str] | None = None
    while True:
        found, place = await gorse.page(place, _PER_READ, None, now_us(), complete)
        for row in found:
            yield rows.gorse_feedback(row)
        if place is None:
            return


async def _completing(settings: Settings, redis: Redis) -> Completing:
    """Return what adds to users' rows of feedback what came by other doors."""
    aliases = Aliases()
    async for batch in Items(Pipe(redis)).all():
        for item in batch:
            aliases.put(item.id, item.aliases)
    profiles = Profiles(Pipe(redis), lambda: aliases)
    known = Names(settings.gorse_types(), settings.gorse_feedback, settings.kinds)

    async def complete(users: list[str], found: list[list[FeedbackRow]]) -> list[list[FeedbackRow]]:
        read = [await profiles.read(user, n_shown=ALL) for user in users]
        return [
            together(user, own, profile, known)
            for user, own, (profile, _) in zip(users, found, read, strict=True)
        ]

    return complete


async def _items(redis: Redis) -> AsyncIterator[StoredItem]:
    """Yield every item in the order of arrival; of all at once only the ids are held."""
    items = Items(Pipe(redis))
    placed = await items.rows()
    ids = sorted(placed, key=placed.__getitem__)
    for start in range(0, len(ids), _PER_READ):
        for item in await items.get(ids[start : start + _PER_READ]):
            if item is not None:  # taken out; its row is kept
                yield item
