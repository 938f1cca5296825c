"""`recsvc exposures`: what readers were shown, and what they did with it."""

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from recsvc.cli.instants import INSTANT, utc_us
from recsvc.clock import DAY_US, now_us
from recsvc.core.experiments.off_policy import Estimate
from recsvc.settings import from_environment


@click.command("exposures")
@click.option(
    "--since",
    type=INSTANT,
    help="Of lists served since then (UTC); a week ago if not said.",
)
@click.option(
    "--window-hours",
    type=click.FloatRange(min=0, min_open=True),
    default=24.0,
    show_default=True,
    help="An act counts for a list that was served so long before at most.",
)
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write each place with what came of it to a Parquet file, too.",
)
@click.option(
    "--explore-share",
    type=click.FloatRange(0, 1),
    help="Say what a place would have earned if chance had chosen such a share of them.",
)
def exposures(
    since: datetime | None, window_hours: float, to: Path | None, explore_share: float | None
) -> None:
    """Join lists served with what readers did, and say how often each position and voice led to it.

    Of what has left the store for files by now: the last minute is not in it. Docs: docs/exposures.md.
    """
    from workers.log.archive import Archive
    from workers.log.attribution import attributed_since, summary
    from workers.log.exposures import ExposureFiles
    from workers.log.off_policy import of_share

    settings = from_environment()
    since_us = now_us() - 7 * DAY_US if since is None else utc_us(since)
    files = ExposureFiles(settings.exposures_path)
    found = attributed_since(files, Archive(settings.archive_path), since_us, window_hours)
    if to is not None:
        found.write_parquet(to, compression="zstd")
    told = summary(found)
    console = Console()
    console.print(
        f"{told.feeds:,} lists, {told.readers:,} readers, {told.clicked_share:.2%} of lists with a click"
    )
    for title, rows in (("position", told.by_position), ("voice", told.by_voice)):
        table = Table(title, "shown", "clicked", "upvoted")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, n, clicked, upvoted in rows:
            table.add_row(name, f"{n:,}", f"{clicked:.2%}", f"{upvoted:.2%}")
        console.print(table)
    if explore_share is not None:
        _print(of_share(found, explore_share), explore_share)


def _print(found: Estimate, explore_share: float) -> None:
    """Print what a place would have earned, and by how much that is to be believed."""
    table = Table(f"clicks per place, {explore_share:.0%} explored", "", "95 %")
    rows = {
        "as logged, which says nothing of it": found.logged,
        "inverse propensity": found.inverse_propensity,
        "self-normalised": found.self_normalised,
        "doubly robust": found.doubly_robust,
    }
    for name, one in rows.items():
        table.add_row(name, f"{one.value:.4f}", f"{one.low:.4f} … {one.high:.4f}")
    console = Console()
    console.print(table)
    console.print(
        f"{found.places:,} places behind the first three of {found.readers:,} readers, which come to "
        f"{found.effective:,.0f}",
        soft_wrap=True,
    )
