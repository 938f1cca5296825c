"""The command line: one file per family of commands."""

import sys

import click

from recsvc import __version__
from recsvc.cli import fetching as fetching  # adds its commands to `import`
from recsvc.cli.archive import archive
from recsvc.cli.backup import backup, restore_command
from recsvc.cli.demo import demo_command
from recsvc.cli.digest import digest
from recsvc.cli.estimating import estimate
from recsvc.cli.evaluate import evaluate
from recsvc.cli.exporting import export_command
from recsvc.cli.health import health
from recsvc.cli.importing import import_command
from recsvc.cli.keys import keys
from recsvc.cli.listing import feed, search, trending
from recsvc.cli.rebuilding import rebuild
from recsvc.cli.serving import serve, worker
from recsvc.cli.settings import settings_command
from recsvc.cli.snapshots import snapshots
from recsvc.cli.up import up
from recsvc.errors import RecsvcError


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        """Turn errors that were raised on purpose into one line and an exit code."""
        try:
            return super().invoke(ctx)
        except RecsvcError as exc:
            click.echo(f"recsvc: {exc}", err=True)
            sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="recsvc")
def main() -> None:
    """Recommendations that learn from the very last click.

    Settings come from RECSVC_* variables; see docs/configuration.md.
    """


main.add_command(up)
main.add_command(serve)
main.add_command(worker)
main.add_command(import_command)
main.add_command(export_command)
main.add_command(rebuild)
main.add_command(archive)
main.add_command(backup)
main.add_command(restore_command)
main.add_command(search)
main.add_command(feed)
main.add_command(trending)
main.add_command(health)
main.add_command(settings_command)
main.add_command(digest)
main.add_command(snapshots)
main.add_command(evaluate)
main.add_command(estimate)
main.add_command(demo_command)
main.add_command(keys)
