"""`recsvc settings`: every setting, what it is now and what it means."""

import os
from typing import Any, get_type_hints

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.secret import Secret
from recsvc.settings import PREFIX, SECRET, Settings, from_environment


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print the table of docs/configuration.md.")
def settings_command(markdown: bool) -> None:
    """Show every setting with its value and meaning."""
    if markdown:
        click.echo(markdown_table())
        return
    settings = from_environment()
    table = Table("variable", "value", "meaning")
    for name, _, meaning in described():
        variable = PREFIX + name.upper()
        value = (
            "•••" if name in SECRET and getattr(settings, name) else shown(getattr(settings, name))
        )
        table.add_row(variable, value, meaning, style="bold" if variable in os.environ else None)
    Console().print(table)


def markdown_table() -> str:
    """Return the table of settings as Markdown."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, default, meaning in described():
        escaped = meaning.replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | `{shown(default)}` | {escaped} |")
    return "\n".join(lines)


def described() -> list[tuple[str, Any, str]]:
    """Return (name, default, meaning) of every setting, in the order they are declared."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = Settings()
    return [
        (name, getattr(defaults, name), _description(hints[name]))
        for name in Settings.__struct_fields__
    ]


def shown(value: Any) -> str:
    """Return a value as one would write it in the environment."""
    if isinstance(value, Secret):
        return "set" if value.reveal() else ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _description(hint: Any) -> str:
    for meta in reversed(getattr(hint, "__metadata__", ())):
        if isinstance(meta, msgspec.Meta) and meta.description:
            return meta.description
    return ""
