"""`recsvc experiments`: make them, see what came of them, end them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.context import store
from recsvc.cli.instants import INSTANT, utc_us
from recsvc.clock import from_us, now_us
from recsvc.core.experiments.experiment import Experiment, Variant
from recsvc.core.experiments.report import Arm, Report
from recsvc.core.ranking.tuning import settings_in
from recsvc.errors import InvalidError
from recsvc.settings import from_environment
from recsvc.store.models.experiments import ExperimentStore
from recsvc.store.pipe import Pipe


@click.group()
def experiments() -> None:
    """Show some readers other lists, and find out what it does. Docs: docs/experiments.md."""


@experiments.command("list")
def list_command() -> None:
    """List all experiments by name."""

    async def run(kept: ExperimentStore) -> None:
        now, table = now_us(), Table("experiment", "layer", "readers", "variants", "starts", "ends")
        for one in await kept.all():
            until = "" if one.ends_us is None else f"{from_us(one.ends_us):%Y-%m-%d %H:%M}"
            mark = " (ended)" if one.has_ended(now) else ""
            names = ", ".join(variant.name for variant in one.variants)
            starts = f"{from_us(one.starts_us):%Y-%m-%d %H:%M}"
            table.add_row(one.name, one.layer, f"{one.traffic:.0%}", names, starts, until + mark)
        Console().print(table)

    _with_store(run)


@experiments.command()
@click.argument("name")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    required=True,
    metavar="NAME[={JSON}]",
    help="A variant and its settings, e.g. 'loud={\"personal_weight\": 2}'; the first is the control.",
)
@click.option(
    "--traffic", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True
)
@click.option("--layer", default="main", show_default=True, help="Of one layer a reader is in one.")
@click.option("--starts", type=INSTANT, help="When (UTC); at once if not said.")
@click.option("--ends", type=INSTANT, help="When (UTC).")
@click.option("--guarded", is_flag=True, help="End a variant that is surely worse.")
@click.option("--interleaved", is_flag=True, help="Show each reader one list of both variants.")
def create(
    name: str,
    variants: tuple[str, ...],
    starts: datetime | None,
    ends: datetime | None,
    **options: Any,
) -> None:
    """Begin an experiment; share of readers, layer and instants as given."""
    asked = {
        "name": name,
        "variants": [_variant(text) for text in variants],
        "starts_us": 0 if starts is None else utc_us(starts),
        "ends_us": None if ends is None else utc_us(ends),
        "traffic": options["traffic"],
        "layer": options["layer"],
        "is_guarded": options["guarded"],
        "is_interleaved": options["interleaved"],
    }
    try:
        new = msgspec.convert(asked, Experiment)
    except msgspec.ValidationError as exc:
        raise InvalidError(str(exc)) from None

    async def run(kept: ExperimentStore) -> None:
        made = await kept.create(new, now_us())
        click.echo(f"{made.name} begins at {from_us(made.starts_us):%Y-%m-%d %H:%M:%S} UTC")

    _with_store(run)


@experiments.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(name: str, as_json: bool) -> None:
    """Show what came of an experiment by the last time a worker looked."""

    async def run(kept: ExperimentStore) -> None:
        one, found = await kept.get(name), await kept.report(name)
        if as_json:
            click.echo(msgspec.json.encode({"experiment": one, "report": found}))
        elif found is None:
            click.echo("no worker has looked at it yet")
        else:
            _print(found)
        for variant, why in one.stopped.items():
            click.echo(f"{variant} was stopped by itself: {why}")

    _with_store(run)


@experiments.command()
@click.argument("name")
def stop(name: str) -> None:
    """End an experiment now."""

    async def run(kept: ExperimentStore) -> None:
        await kept.stop(name, now_us())
        click.echo("ends within two seconds")

    _with_store(run)


@experiments.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget an experiment that has ended."""
    _with_store(lambda kept: kept.remove(name, now_us()))


def _variant(text: str) -> Variant:
    name, _, settings = text.partition("=")
    return Variant(name, settings=settings_in(settings, name))


def _print(found: Report) -> None:
    console = Console()
    table = Table("", *(arm.name for arm in found.arms))
    table.add_row("readers", *(f"{arm.readers:,}" for arm in found.arms))
    table.add_row("lists", *(f"{arm.lists:,}" for arm in found.arms))
    table.add_row("items shown", *(f"{arm.items:,}" for arm in found.arms))
    for measure, meaning in found.measures.items():
        table.add_row(meaning, *(_figure(arm, measure) for arm in found.arms))
    console.print(table)
    for measure in found.measures:
        console.print(f"{measure}: {found.verdict(measure)}", soft_wrap=True)
    if found.crossed:
        console.print(f"{found.crossed:,} readers were shown two variants and are left out")
    console.print(f"as of {from_us(found.at_us):%Y-%m-%d %H:%M:%S} UTC")


def _figure(arm: Arm, measure: str) -> str:
    figure = arm.figures[measure]
    told = f"{figure.value:.4f}"
    if figure.against is not None and figure.against.low is not None:
        told += f"\n{figure.against.low:+.4f} … {figure.against.high:+.4f}"
    return told


def _with_store(run: Callable[[ExperimentStore], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        async with store(from_environment()) as redis:
            await run(ExperimentStore(Pipe(redis)))

    asyncio.run(connected())
