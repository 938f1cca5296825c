"""`recsvc simulate`: readers with known tastes use the real service for some days."""

import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from recsvc.logs import configure

if TYPE_CHECKING:  # implicit takes most of a second to load: only when needed
    from workers.simulation.simulating import Outcome
    from workers.simulation.world import WorldParams


class Variant(msgspec.Struct, frozen=True):
    """A way to run the site.

    Attributes:
        settings: by name, beside those of all.
        tells_impressions: whether the site is told what was shown.
    """

    name: str
    settings: dict[str, float] = {}
    tells_impressions: bool = True


VARIANTS = (
    Variant("as set"),
    Variant("without exploration", {"explore_share": 0.0}),
    Variant("without impressions", tells_impressions=False),
)
_CHANCE = "by chance"


@click.command()
@click.option("--readers", default=60, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 365))
@click.option("--seed", default=0, show_default=True, help="Of all that readers do.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path),
              help="Write tables and plots to this file.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def simulate(readers: int, days: int, seed: int, report: Path | None, as_json: bool) -> None:
    """Let readers who do not exist use the service, as it is set and otherwise, and compare.

    A service of its own is started in a temporary folder for each; none that runs is touched. What
    RECSVC_* says of ranking and training holds, everything else is the simulation's.
    docs/simulating.md says what the figures mean.
    """
    from workers.simulation.page import page
    from workers.simulation.world import WorldParams

    configure("text", "error")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # stop what runs below
    params = WorldParams(readers=readers, days=days, seed=seed)
    console = Console(stderr=as_json)
    with Progress(console=console, transient=True) as progress:
        outcomes = _outcomes(params, progress)
    if report is not None:
        report.write_text(page(params, outcomes), encoding="utf-8")
        console.print(f"{report}: the report with its plots")
    if as_json:
        click.echo(msgspec.json.encode({"world": params, "sites": outcomes}))
    else:
        console.print(table(params, outcomes))


def _outcomes(params: "WorldParams", progress: Progress) -> "list[Outcome]":
    from workers.simulation.simulating import ByChance, simulate

    found = [
        served(params, variant, _advancing(progress, variant.name, params.days))
        for variant in VARIANTS
    ]
    return [*found, simulate(params, _CHANCE, ByChance(params))]


def _advancing(progress: Progress, name: str, days: int) -> Callable[[int], None]:
    """Return what is told of each day that is over."""
    task = progress.add_task(name, total=days)
    return lambda _: progress.advance(task)


def served(params: "WorldParams", variant: Variant, on_day: Callable[[int], object]) -> "Outcome":
    """Return what comes of days on a service that is run for nothing else."""
    from recsvc.cli.simulated import HttpSite, running, settings_of
    from workers.simulation.simulating import simulate

    with tempfile.TemporaryDirectory(prefix="recsvc-simulated-") as folder:
        settings = settings_of(Path(folder) / "data", **variant.settings)
        with (
            running(settings) as address,
            closing(
                HttpSite(params, settings, address, tells_impressions=variant.tells_impressions)
            ) as site,
        ):
            return simulate(params, variant.name, site, on_day)


def table(params: "WorldParams", outcomes: "list[Outcome]") -> Table:
    """Return the outcomes for a terminal."""
    from workers.simulation.page import COLUMNS

    found = Table(
        title=f"{params.readers:,} readers, {params.days} days, {params.n_items:,} items, "
        f"seed {params.seed}",
        caption="\n".join(f"{column.name}: {column.about}" for column in COLUMNS),
        box=box.SIMPLE,
    )
    found.add_column("site", no_wrap=True)
    for column in COLUMNS:
        found.add_column(column.name, justify="right")
    for outcome in outcomes:
        found.add_row(outcome.name, *(format(c.of(outcome.total), c.form) for c in COLUMNS))
    return found
