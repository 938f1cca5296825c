"""`recsvc estimate`: what the store's memory goes to, and what it would be with more of everything."""

import asyncio

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.context import store
from recsvc.settings import Settings, from_environment
from recsvc.store.memory import Expected, Held, measure, projected

_count = click.IntRange(min=0)


@click.command()
@click.option("--items", type=_count, help="Items in the catalogue.")
@click.option("--readers", type=_count, help="Readers with a profile.")
@click.option("--events-per-day", type=_count, help="Events of a day.")
@click.option("--subscribers", type=_count, help="Subscribers to mails.")
@click.option("--json", "as_json", is_flag=True, help="Print figures in bytes as JSON.")
def estimate(
    items: int | None,
    readers: int | None,
    events_per_day: int | None,
    subscribers: int | None,
    as_json: bool,
) -> None:
    """Weigh what the store holds, and what it would hold.

    Bytes per item, reader, event and subscriber are those of the items, readers, events and
    subscribers that are there: the more like yours they are, the better the estimate. What is not
    given stays as it is. The processes' own memory is in docs/operations.md.
    """
    settings = from_environment()
    held = asyncio.run(_measured(settings))
    remembered_days = 2 * settings.log.event_id_days
    given = (items, readers, events_per_day, subscribers)
    expected = Expected(
        held.counts["item"] if items is None else items,
        held.counts["reader"] if readers is None else readers,
        round(held.counts["event"] / remembered_days) if events_per_day is None else events_per_day,
        held.counts["subscriber"] if subscribers is None else subscribers,
        remembered_days,
        settings.archive.every_s,
        settings.training.snapshots_kept,
    )
    if as_json:
        click.echo(_as_json(held, expected).decode())
    else:
        _print(held, expected, is_asked=any(one is not None for one in given))


async def _measured(settings: Settings) -> Held:
    async with store(settings, "borrow") as redis:
        return await measure(redis)


def _as_json(held: Held, expected: Expected) -> bytes:
    then = {family.name: projected(family, held.counts, expected) for family in held.families}
    total = sum(size or 0 for size in then.values())
    return msgspec.json.encode({"now": held, "for": expected, "then": then, "then_bytes": total})


def _print(held: Held, expected: Expected, *, is_asked: bool) -> None:
    table = Table("keys", "grows with", "number", "now")
    if is_asked:
        table.add_column("then")
    for column in table.columns[2:]:
        column.justify = "right"
    total = 0
    for family in sorted(held.families, key=lambda family: -family.size_bytes):
        then = projected(family, held.counts, expected)
        total += then or 0
        row = [family.name, family.grows_with or "", f"{family.n_keys:,}", size(family.size_bytes)]
        table.add_row(*row, *([size(then)] if is_asked else []))
    table.add_section()
    n_keys = f"{sum(family.n_keys for family in held.families):,}"
    table.add_row("all", "", n_keys, size(held.size_bytes), *([size(total)] if is_asked else []))
    console = Console()
    console.print(table)
    counts = ", ".join(f"{n:,} {unit}s" for unit, n in held.counts.items())
    console.print(f"now: {counts}; the server uses {size(held.used_bytes)}", soft_wrap=True)
    if is_asked:
        console.print(
            f"then: {expected.items:,} items, {expected.readers:,} readers, "
            f"{expected.events_per_day:,} events a day, {expected.subscribers:,} subscribers, "
            f"{expected.snapshots:,} snapshots",
            soft_wrap=True,
        )
    missing = [f"{unit}s" for unit in ("item", "reader", "event") if not held.counts[unit]]
    if missing:
        console.print(f"of {', '.join(missing)} there is nothing yet to judge by", soft_wrap=True)


def size(n_bytes: int | None) -> str:
    """Return a size as people read it."""
    if n_bytes is None:
        return "?"
    amount = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
