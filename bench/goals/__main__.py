"""`make evaluate`: every goal of ranking quality beside what was measured.

With the folder of one public set (`bench/goals/public.py`), what fits its shape instead.
"""

import argparse
import os
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.goals.data import splits
from bench.goals.grounds import Way, report
from bench.goals.protocols import PROTOCOLS, Measured, Run
from bench.goals.public import recognised
from tests.service import REPOSITORY

_LAST = Path(__file__).with_name("printed.md")


def main() -> None:
    """Run the protocols and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--only", nargs="*", choices=list(PROTOCOLS), default=list(PROTOCOLS))
    parser.add_argument("--sample", type=int, default=0, help="readers per protocol; 0: all")
    parser.add_argument("--search-seconds", type=float, default=120)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--days", type=int, default=5, help="of a set that is judged day by day")
    parser.add_argument("--save", action="store_true", help=f"write the table to {_LAST.name}")
    asked = parser.parse_args()
    console = Console()
    if not (asked.data / "splits.py").is_file():
        found_set = recognised(asked.data) if asked.data.is_dir() else None
        if found_set is None:
            console.print(f"no data sets at {asked.data}: name their folder with --data")
            raise SystemExit(2)
        print(report(found_set, Way(asked.sample, asked.days, asked.threads)))
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console
    ) as progress:
        run = Run(
            splits(asked.data), asked.sample, asked.search_seconds, asked.threads, console.print
        )
        found: list[tuple[Measured, float]] = []
        for name in asked.only:
            task = progress.add_task(name, total=1)
            started = time.monotonic()
            measured = PROTOCOLS[name](run)
            took_s = time.monotonic() - started
            found += [(m, took_s) for m in measured]
            progress.update(task, completed=1)
            for m in measured:
                console.print(f"  {m.id} {m.what}: {m.value:.4g} (goal {m.goal:g})")
    console.print(printed(found))
    if asked.save:
        _LAST.write_text(markdown(found, asked.sample))


def printed(found: list[tuple[Measured, float]]) -> Table:
    """Return the table for a terminal."""
    table = Table(title="Ranking quality, through the shipped code")
    for column in ("id", "protocol", "measured", "goal", "stretch", ""):
        table.add_column(column, justify="right" if column in ("measured", "goal") else "left")
    for m, _ in found:
        table.add_row(*cells(m))
    return table


def cells(m: Measured) -> list[str]:
    """Return one row of the table."""
    sign = "≤" if m.at_most else "≥"
    stretch = "" if m.stretch is None else f"{m.stretch:g}"
    verdict = "reached" if m.is_reached else "missed"
    if m.stretch is not None and m.value >= m.stretch:
        verdict = "stretch reached"
    return [m.id, m.what, f"{m.value:.4g}", f"{sign} {m.goal:g}", stretch, verdict]


def markdown(found: list[tuple[Measured, float]], sample: int) -> str:
    """Return the table as it is committed."""
    lines = [
        "# Ranking quality, last printed",
        "",
        f"`make evaluate`, {'all readers' if not sample else f'{sample} readers per protocol'}, "
        f"{os.cpu_count()} processors.",
        "",
        "| id | protocol | measured | goal | stretch | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        *(f"| {' | '.join(cells(m))} |" for m, _ in found),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
