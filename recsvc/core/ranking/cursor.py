"""Cursors: a list's continuation carries the list itself.

The rest of a ranked list travels in the cursor - five to seven bytes per item - so that pages neither
repeat nor skip while votes arrive, reading a feed writes nothing anywhere, and any process can serve
any page. The price is a cursor of about 2 kB and lists that end; docs/decisions/0002 has the reasons.
Lists in the order of listing continue from their last item instead and reach everything.
"""

import base64
import binascii
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import SECOND_US
from recsvc.errors import ExpiredError, InvalidError

_MAX_CHARS = 16_000
_MOST = float(np.finfo("<f2").max)

ListKind = Literal["feed", "trending", "similar", "search", "new", "daily", "weekly", "monthly"]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on.

    Attributes:
        kind: which call may continue it.
        catalogue: first characters of the id of the catalogue whose rows these are.
        issued_s: when its list was made, seconds.
        feed_id: of the list.
        source: of the list as a whole.
        position: of the next item.
        rows: the rows that follow, little-endian u2 or u4; empty for lists in order of listing.
        scores: their scores, little-endian f2.
        sources: their sources, a byte each.
        after: (listed_us, row) of the last item shown, for lists in order of listing.
    """

    kind: str
    catalogue: str
    issued_s: int
    feed_id: str
    source: str
    position: int
    rows: bytes = b""
    scores: bytes = b""
    sources: bytes = b""
    after: tuple[int, int] | None = None

    def unpack(self) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]:
        """Return (rows, scores, sources) of what follows."""
        n = len(self.sources)
        if n == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.uint8)
        width = len(self.rows) // n
        if width not in (2, 4) or len(self.rows) != n * width or len(self.scores) != 2 * n:
            raise InvalidError("not a cursor of this service", "cursor")
        rows = np.frombuffer(self.rows, f"<u{width}").astype(np.int64)
        scores = np.frombuffer(self.scores, "<f2").astype(np.float32)
        return rows, scores, np.frombuffer(self.sources, np.uint8)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cursor).decode


def packed(
    rows: NDArray[np.int64], scores: NDArray[np.float32], sources: NDArray[np.uint8]
) -> tuple[bytes, bytes, bytes]:
    """Return rows, scores and sources as a cursor carries them; scores beyond 65,504 are cut."""
    dtype = "<u2" if len(rows) == 0 or int(rows.max()) < 2**16 else "<u4"
    return (
        rows.astype(dtype).tobytes(),
        np.clip(scores, -_MOST, _MOST).astype("<f2").tobytes(),
        sources.tobytes(),
    )


def encode(cursor: Cursor) -> str:
    """Return a cursor as opaque text, safe in a URL."""
    return base64.urlsafe_b64encode(_encode(cursor)).rstrip(b"=").decode()


def decode(text: str, kind: ListKind, catalogue: str, now_us: int, ttl_s: int) -> Cursor:
    """Read a cursor back.

    Raises:
        InvalidError: when it is not a cursor, or one of another call.
        ExpiredError: when it is older than `ttl_s`, or its catalogue is gone.
    """
    if len(text) > _MAX_CHARS:
        raise InvalidError("not a cursor of this service", "cursor")
    try:
        cursor = _decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidError("not a cursor of this service", "cursor") from None
    if cursor.kind != kind:
        raise InvalidError(f"this cursor continues a list of kind {cursor.kind!r}", "cursor")
    if not catalogue.startswith(cursor.catalogue) or not (
        0 <= now_us // SECOND_US - cursor.issued_s <= ttl_s
    ):
        raise ExpiredError("the list behind this cursor is gone; start again without a cursor")
    return cursor
