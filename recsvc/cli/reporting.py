"""How imports show what they do and what they did."""

import sys

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from recsvc.intake.summary import Summary

_PROBLEMS_SHOWN = 50


def progress() -> Progress:
    """Return the bar that shows how far an import is, where somebody can see it."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def report(summary: Summary, dry_run: bool, as_json: bool, *, failed: bool = False) -> None:
    """Print what happened, and exit with 1 when anything failed or was not understood."""
    if as_json:
        click.echo(msgspec.json.encode(summary).decode())
    else:
        for line in lines(summary, dry_run):
            click.echo(line)
    sys.exit(1 if failed or summary.n_problems else 0)


def lines(summary: Summary, dry_run: bool) -> list[str]:
    """Return a summary as text; what needs attention goes to standard error."""
    _warn(summary)
    would = "would be " if dry_run else ""
    out = []
    if summary.events + summary.events_known:
        out.append(
            f"{summary.events + summary.events_known} events: {summary.events} {would}recorded, "
            f"{summary.events_known} known before"
        )
    n_entries = summary.saved + summary.saved_before + len(summary.not_in_catalogue)
    if n_entries:
        out.append(
            f"{n_entries} in the library: {summary.saved} {would}saved, {summary.saved_before} "
            f"saved before, {len(summary.not_in_catalogue)} not in the catalogue"
        )
    if summary.read or not out:
        out.append(
            f"{summary.read} read: {summary.new} {would}new, {summary.changed} {would}changed, "
            f"{summary.unchanged} unchanged, {summary.duplicates} duplicate, "
            f"{summary.n_problems} not understood"
        )
    elif summary.n_problems:
        out.append(f"{summary.n_problems} not understood")
    return out


def _warn(summary: Summary) -> None:
    for found in summary.problems[:_PROBLEMS_SHOWN]:
        click.echo(f"{found.file}:{found.line}: {found.detail}", err=True)
    if summary.n_problems > _PROBLEMS_SHOWN:
        click.echo(f"… and {summary.n_problems - _PROBLEMS_SHOWN} more", err=True)
    if summary.events_unknown:
        click.echo(
            f"{summary.events_unknown} of the events are about items that are not in the catalogue; "
            "they count when the items come",
            err=True,
        )
    for field, n in sorted(summary.clipped.items()):
        click.echo(f"{n} papers: not all of `{field}` fitted; what fitted came in", err=True)
    for note in summary.notes:
        click.echo(f"{note.file}: {note.detail}", err=True)
    for title in summary.not_in_catalogue:
        click.echo(f"not in the catalogue: {title}", err=True)
