"""Cursors of Gorse's lists: where the page before ended, opaque to clients, empty at either end."""

from typing import Annotated

from litestar.params import QueryParameter

from recsvc.api.http import positions
from recsvc.api.http.positions import sealed as sealed
from recsvc.errors import InvalidError

N = Annotated[str | None, QueryParameter(name="n")]
CursorText = Annotated[str | None, QueryParameter(name="cursor")]
# gorsejs sends it so.
CapitalCursor = Annotated[str | None, QueryParameter(name="Cursor")]


def opened(*cursors: str | None) -> str:
    """Read a cursor back, the first that was given.

    Raises:
        InvalidError: when it is none.
    """
    return positions.opened(next((one for one in cursors if one), ""))


def amount(text: str | None, name: str, default: int) -> int:
    """Read a number of the query.

    Raises:
        InvalidError: naming the parameter.
    """
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise InvalidError(f"{name}: not a number from 0 on", name)
    return int(text)
