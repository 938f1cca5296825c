"""`recsvc settings`: every setting, what it is now and what it means."""

import os

import click
from rich.console import Console
from rich.table import Table

from recsvc.settings import DECLARED, Settings, from_environment


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print the table of docs/configuration.md.")
def settings_command(markdown: bool) -> None:
    """Show every setting with its value and meaning."""
    if markdown:
        click.echo(markdown_table())
        return
    settings = from_environment()
    table = Table("variable", "value", "meaning")
    for one in DECLARED.values():
        style = "bold" if one.variable in os.environ else None
        table.add_row(one.variable, one.shown(settings), one.meaning, style=style)
    Console().print(table)


def markdown_table() -> str:
    """Return the table of settings as Markdown."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    defaults = Settings()
    for one in DECLARED.values():
        meaning = one.meaning.replace("|", "\\|")
        lines.append(f"| `{one.variable}` | `{one.shown(defaults)}` | {meaning} |")
    return "\n".join(lines)
