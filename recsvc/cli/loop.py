"""`recsvc loop`: how the loop fares, hour by hour."""

import asyncio

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.context import store
from recsvc.clock import HOUR_S, HOUR_US, from_us, now_us
from recsvc.core.loop import Hour
from recsvc.settings import from_environment
from recsvc.store.log.loop import KEPT_HOURS, LoopStore
from recsvc.store.pipe import Pipe


@click.command("loop")
@click.option(
    "--hours",
    type=click.IntRange(1, KEPT_HOURS),
    default=24,
    show_default=True,
    help="So many, up to now.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def loop(hours: int, as_json: bool) -> None:
    """Say how the loop fares: how varied lists were, and what came of them. Docs: docs/loop.md."""
    found = asyncio.run(_found(hours))
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif not found:
        click.echo("no worker has counted an hour yet")
    else:
        _print(found)


async def _found(hours: int) -> list[Hour]:
    now = now_us()
    first_us = now // HOUR_US * HOUR_US - (hours - 1) * HOUR_US
    async with store(from_environment()) as redis:
        return await LoopStore(Pipe(redis)).hours(first_us, now)


def _print(hours: list[Hour]) -> None:
    columns = ("lists", "clicks", "fallback", "coverage", "gini", "novelty", "drift", "echo")
    table = Table("hour (UTC)", *columns, "on new", "first", box=None, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    for hour in hours:
        shares = (hour.all.rate, hour.fallback, hour.coverage)
        numbers = (hour.gini, hour.novelty, hour.drift, hour.echo)
        table.add_row(
            f"{from_us(hour.at_us):%m-%d %H:00}",
            f"{hour.lists:,}",
            *(_told(share, ".1%") for share in shares),
            *(_told(number, ".2f") for number in numbers),
            _told(hour.cold.rate, ".1%"),
            _told(None if hour.first_s is None else hour.first_s / HOUR_S, ".1f", " h"),
        )
    console = Console()
    console.print(table)
    for named in (hours[-1].topics, hours[-1].organisations):
        for one in named:
            if one.target is not None:
                console.print(
                    f"{one.name}: {one.shown:.1%} of places in the latest hour, target {one.target:.1%}",
                    markup=False,
                    soft_wrap=True,
                )


def _told(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"
