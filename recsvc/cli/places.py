"""Where a command finds files or leaves them: a folder, or a bucket of an object store."""

from typing import Any

import click


class Place(click.Path):
    """A folder, or the address of a bucket."""

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(file_okay=False, exists=exists)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as text; a folder is looked at."""
        said = str(value)
        return said if "://" in said else str(super().convert(value, param, ctx))
