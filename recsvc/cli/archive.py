"""`recsvc archive`: whether the event log's files are whole."""

import sys

import click

from recsvc.settings import from_environment


@click.group()
def archive() -> None:
    """Look at the archive: the event log in files."""


@archive.command()
def verify() -> None:
    """Read every file and say whether it is ok, damaged or missing; exit with 1 unless all are ok.

    The service may run.
    """
    from workers.log.archive import Archive
    from workers.log.manifest import State

    states = Archive(from_environment().archive_path).survey()
    for name, state in states.items():
        click.echo(f"{state:8} {name}")
    n_bad = sum(state is not State.OK for state in states.values())
    click.echo(f"{len(states)} files, {n_bad} of them damaged or missing")
    sys.exit(1 if n_bad else 0)
