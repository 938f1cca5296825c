"""`recsvc blend`: which weights of the voices the clicks on lists speak for, and offering them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.context import store
from recsvc.clock import from_us, now_us
from recsvc.core.experiments.proposal import Offer, Proposal
from recsvc.settings import from_environment
from recsvc.store.models.training import Training
from recsvc.store.pipe import Pipe


@click.group()
def blend() -> None:
    """Learn from clicks on lists how loud each voice should speak. Docs: docs/experiments.md."""


@blend.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(as_json: bool) -> None:
    """Say which weights are proposed and why, or why none are, and which are offered."""

    async def run(training: Training) -> None:
        looked, offer = await training.proposed(), await training.offered()
        if as_json:
            click.echo(msgspec.json.encode({"proposed": looked, "offered": offer}))
            return
        if looked is None:
            click.echo("no worker has looked yet")
        elif looked.proposal is None:
            click.echo(f"nothing is proposed: {looked.refused}")
        else:
            _print(looked.proposal)
        if looked is not None:
            click.echo(f"as of {from_us(looked.at_us):%Y-%m-%d %H:%M} UTC")
        if offer is not None:
            click.echo(_told(offer))

    _with_training(run)


@blend.command()
def offer() -> None:
    """Offer the proposed weights to the gate: in force from the next training on if they pass."""

    async def run(training: Training) -> None:
        made = await training.offer(now_us())
        click.echo(f"offered, for {made.why}")

    _with_training(run)


@blend.command()
def withdraw() -> None:
    """Offer nothing any more: voices speak as training finds, from the next training on."""

    async def run(training: Training) -> None:
        was = await training.withdraw()
        click.echo("withdrawn" if was else "nothing was offered")

    _with_training(run)


def _print(found: Proposal) -> None:
    table = Table("voice", "weight now", "proposed", "clicks per list that this is worth")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found.voices:
        table.add_row(one.voice, f"{one.now:.3g}", f"{one.proposed:.3g}", f"{one.worth:+.4f}")
    console = Console()
    console.print(table)
    console.print(
        f"{found}; clicks that stand for it come to {found.effective:,.0f}", soft_wrap=True
    )


def _told(offer: Offer) -> str:
    told = f"offered since {from_us(offer.at_us):%Y-%m-%d %H:%M} UTC"
    if offer.compared is None:
        return f"{told}; the gate has not asked readers"
    found = offer.compared
    figures = f"NDCG@20 {found.ours:.4f} against {found.theirs:.4f}"
    interval = f"({found.low:+.4f} to {found.high:+.4f})"
    return f"{told}; {'taken' if offer.is_taken else 'refused'} by the gate: {figures} {interval}"


def _with_training(run: Callable[[Training], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        async with store(from_environment()) as redis:
            await run(Training(Pipe(redis)))

    asyncio.run(connected())
