"""The command line: one file per family of commands, imported when one of them is asked for."""

import os
import sys
from importlib import import_module

import click

from recsvc import __version__
from recsvc.errors import RecsvcError

# Command -> module here and its name there. A command starts with what it needs, not with everything.
_COMMANDS = {
    "up": ("up", "up"),
    "serve": ("serving", "serve"),
    "worker": ("serving", "worker"),
    "import": ("fetching", "import_command"),  # the files' commands and, beside them, the fetches
    "experiments": ("experiments", "experiments"),
    "exposures": ("exposures", "exposures"),
    "loop": ("loop", "loop"),
    "blend": ("blend", "blend"),
    "export": ("exporting", "export_command"),
    "train": ("training", "train"),
    "rebuild": ("rebuilding", "rebuild"),
    "archive": ("archive", "archive"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore_command"),
    "search": ("listing", "search"),
    "feed": ("listing", "feed"),
    "trending": ("listing", "trending"),
    "health": ("health", "health"),
    "settings": ("settings", "settings_command"),
    "digest": ("digest", "digest"),
    "snapshots": ("snapshots", "snapshots"),
    "evaluate": ("evaluate", "evaluate"),
    "simulate": ("simulating", "simulate"),
    "estimate": ("estimating", "estimate"),
    "doctor": ("doctor", "doctor"),
    "demo": ("demo", "demo_command"),
    "keys": ("keys", "keys"),
    "people": ("people", "people"),
}

# A thread of ours is busy on each core: more of them below numpy get in each other's way. Read when
# numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands' names."""
        return sorted([*_COMMANDS, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"recsvc.cli.{module}"), name)
        return command

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
