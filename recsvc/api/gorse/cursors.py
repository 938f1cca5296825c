"""Cursors of Gorse's lists: where the page before ended, opaque to clients, empty at either end."""

import base64
from typing import Annotated

from litestar.params import QueryParameter

from recsvc.errors import InvalidError

N = Annotated[str | None, QueryParameter(name="n")]
CursorText = Annotated[str | None, QueryParameter(name="cursor")]
# gorsejs sends it so.
CapitalCursor = Annotated[str | None, QueryParameter(name="Cursor")]


def sealed(position: str) -> str:
    """Return a position as a cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def opened(*cursors: str | None) -> str:
    """Read a cursor back, the first that was given.

    Raises:
        InvalidError: when it is none.
    """
    cursor = next((one for one in cursors if one), "")
    try:
        return base64.b64decode(cursor, b"-_", validate=True).decode()
    except ValueError:  # of base64, of its alphabet, of UTF-8
        raise InvalidError("not a cursor of this service", "cursor") from None


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
