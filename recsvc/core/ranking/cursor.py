"""Cursors: where a list goes on, in a few hundred bytes that the service signs.

The list itself is frozen elsewhere, once, and a cursor names the place; what follows travels in the
cursor where it is short. So pages neither repeat nor skip while votes arrive, and any process can
serve any page. Lists in the order of listing continue from their last item instead and reach
everything. docs/decisions/0002 has the reasons and the price.
"""

import base64
import binascii
from typing import Any, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import SECOND_US
from recsvc.core.fitting import UNREADABLE
from recsvc.errors import ExpiredError, InvalidError

_MOST = float(np.finfo("<f2").max)

ListKind = Literal["feed", "trending", "similar", "search", "new", "daily", "weekly", "monthly"]
Places = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on.

    Attributes:
        kind: which call may continue it.
        catalogue: first characters of the id of the catalogue whose rows these are.
        issued_s: when its list was made, seconds.
        feed_id: of the list.
        source: of the list as a whole.
        position: of the next item.
        carried: all that follows, packed, where that is little.
        frozen: (whose, entry): where the whole list is kept otherwise.
        after: (listed_us, row) of the last item shown, for lists in order of listing.
        whose: fingerprint of the reader whose list is carried; of a frozen one its place says it.
    """

    kind: str
    catalogue: str
    issued_s: int
    feed_id: str
    source: str
    position: int
    carried: bytes = b""
    frozen: tuple[str, str] | None = None
    after: tuple[int, int] | None = None
    whose: str = ""

    @property
    def reader(self) -> str:
        """Fingerprint of the reader whose own list it continues; empty where it is anybody's."""
        if self.kind != "feed":
            return ""
        return self.whose if self.frozen is None else self.frozen[0]


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """Places of a list.

    Attributes:
        rows: little-endian u2 or u4.
        scores: little-endian f2; empty when all are 0.
        sources: a byte each; one byte when all are the same.
    """

    n: int
    rows: bytes
    scores: bytes
    sources: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cursor).decode
_decode_packed = msgspec.msgpack.Decoder(_Packed).decode


def pack(rows: NDArray[np.int64], scores: NDArray[np.float32], sources: NDArray[np.uint8]) -> bytes:
    """Return places in at most seven bytes each; scores beyond 65,504 are cut."""
    dtype = "<u2" if len(rows) == 0 or int(rows.max()) < 2**16 else "<u4"
    kept = np.clip(scores, -_MOST, _MOST).astype("<f2").tobytes() if scores.any() else b""
    by = sources.tobytes()
    if by and by.count(by[:1]) == len(by):
        by = by[:1]
    return _encode(_Packed(len(rows), rows.astype(dtype).tobytes(), kept, by))


def unpack(packed: bytes) -> Places:
    """Return (rows, scores, sources).

    Raises:
        ExpiredError: when this version cannot read them.
    """
    try:
        found = _decode_packed(packed)
        n = found.n
        rows = np.frombuffer(found.rows, f"<u{len(found.rows) // n if n else 2}").astype(np.int64)
        scores = np.frombuffer(found.scores or bytes(2 * n), "<f2").astype(np.float32)
        by = found.sources * n if len(found.sources) == 1 else found.sources
        sources = np.frombuffer(by, np.uint8)
    except (*UNREADABLE, TypeError, ValueError):
        raise gone() from None
    if not len(rows) == len(scores) == len(sources) == n:
        raise gone()
    return rows, scores, sources


def encode(cursor: Cursor) -> bytes:
    """Return a cursor to be signed."""
    return _encode(cursor)


def decode(signed: bytes, kind: ListKind, catalogue: str, now_us: int, ttl_s: int) -> Cursor:
    """Read back a cursor that was signed here.

    Raises:
        InvalidError: when it is one of another call.
        ExpiredError: when its list is older than `ttl_s`, its catalogue is gone, or this version
            cannot read it.
    """
    try:
        cursor = _decode(signed)
    except UNREADABLE:
        raise gone() from None
    if cursor.kind != kind:
        raise InvalidError(f"this cursor continues a list of kind {cursor.kind!r}", "cursor")
    if not catalogue.startswith(cursor.catalogue) or not (
        0 <= now_us // SECOND_US - cursor.issued_s <= ttl_s
    ):
        raise gone()
    return cursor


def is_former(text: str) -> bool:
    """Return whether a text is a cursor of the release whose cursors carried their whole list."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        fields: Any = msgspec.msgpack.decode(raw)
    except (*UNREADABLE, binascii.Error, ValueError):
        return False
    return (
        isinstance(fields, list)
        and len(fields) == 10
        and fields[0] in get_args(ListKind)
        and isinstance(fields[2], int)
        and isinstance(fields[7], bytes)  # its scores; now a place stands there
    )


def gone() -> ExpiredError:
    """Return what to raise when a list cannot be continued any more."""
    return ExpiredError("the list behind this cursor is gone; start again without a cursor")
