"""Places in lists that are told by what stands there, an id or a number, opaque to clients."""

import base64
from typing import Annotated

from msgspec import Meta

from recsvc.errors import InvalidError

Limit = Annotated[int, Meta(ge=1, le=1_000, description="How many per page.")]
Cursor = Annotated[
    str,
    Meta(max_length=2_000, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before."),
]


def sealed(position: str) -> str:
    """Return a position as a cursor, safe in a URL."""
    return base64.urlsafe_b64encode(position.encode()).rstrip(b"=").decode()


def opened(cursor: str) -> str:
    """Read a cursor back; an empty one stands for the beginning.

    Raises:
        InvalidError: when it is none.
    """
    bare = cursor.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True).decode()
    except ValueError:  # of base64, of its alphabet, of UTF-8
        raise InvalidError("not a cursor of this service", "cursor") from None
