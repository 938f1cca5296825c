"""Request bodies: JSON objects, arrays and NDJSON, decoded by their content and not by their label.

`sendBeacon` labels JSON as text/plain and cannot do otherwise, so the label is not believed.
"""

from typing import Any, TypeVar, cast

import msgspec
from litestar import Request
from litestar.types import Receive

from recsvc.api.http.problems import field_of
from recsvc.errors import InvalidError, TooLargeError

T = TypeVar("T")

# As much as is read of somebody of whom nothing is known: what the browsers' beacons may send at a time.
STRANGERS_BYTES = 65_536

_DRAINED = 4  # times the largest body

_raw = msgspec.json.Decoder(msgspec.Raw)


def raw_records(raw: bytes, limit: int) -> tuple[list[msgspec.Raw], bool]:
    """Split a body into its records, undecoded.

    Returns:
        The records, and whether the body was a single object.

    Raises:
        InvalidError: when it is not JSON, or JSON of another shape.
        TooLargeError: when there are more than `limit`.
    """
    text = raw.strip()
    if not text:
        raise InvalidError("the body is empty", "body")
    single = False
    try:
        if text.startswith(b"["):
            records = msgspec.json.decode(text, type=list[msgspec.Raw])
        else:
            records, single = _one_or_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidError(f"the body is not JSON: {exc}", "body") from None
    except RecursionError:
        raise InvalidError("nested too deeply", "body") from None
    if len(records) > limit:
        raise TooLargeError(f"at most {limit} at a time, not {len(records)}", "body")
    return records, single


def _one_or_lines(text: bytes) -> tuple[list[msgspec.Raw], bool]:
    try:
        return [_raw.decode(text)], True
    except msgspec.DecodeError:
        if b"\n" not in text:
            raise
        return _raw.decode_lines(text), False


def decode(record: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode one record.

    Raises:
        InvalidError: naming the field.
    """
    try:
        return decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        field, problem = field_of(str(exc))
        raise InvalidError(problem, field) from None
    except RecursionError:
        raise InvalidError("nested too deeply", "body") from None


async def read(request: Request[Any, Any, Any], max_bytes: int) -> bytes:
    """Return the body.

    Raises:
        TooLargeError: when more than `max_bytes` are sent.
    """
    return await received(request.receive, max_bytes)


async def received(receive: Receive, max_bytes: int) -> bytes:
    """Return what is sent.

    What is too much is read all the same, within reason, and dropped: an answer that comes while the
    client is still sending is lost on many.

    Raises:
        TooLargeError: when more than `max_bytes` are sent.
        InvalidError: when the client goes away before its end.
    """
    parts, n, more = bytearray(), 0, True
    while more and n <= _DRAINED * max_bytes:
        message = cast("dict[str, Any]", await receive())
        if message["type"] == "http.disconnect":
            raise InvalidError("the body ended early", "body")
        part: bytes = message.get("body", b"")
        n += len(part)
        if n <= max_bytes:
            parts += part
        more = bool(message.get("more_body"))
    if n > max_bytes:
        raise TooLargeError(f"the body is larger than {max_bytes} bytes", "body")
    return bytes(parts)
