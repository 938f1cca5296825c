"""Request bodies: JSON objects, arrays and NDJSON, decoded by their content and not by their label.

`sendBeacon` labels JSON as text/plain and cannot do otherwise, so the label is not believed. Of NDJSON
each line is judged by itself: one that was cut off on its way does not cost the others.
"""

import json
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request
from litestar.types import Receive

from recsvc.api.http.bodies import DRAINED, body_in
from recsvc.api.http.decompression import decompressed
from recsvc.api.http.problems import EMPTY_BODY, field_of
from recsvc.core.fitting import with_moments
from recsvc.errors import InvalidError, TooLargeError

T = TypeVar("T")

# As much as is read of somebody of whom nothing is known: what the browsers' beacons may send at a time.
STRANGERS_BYTES = 65_536

_BOM = b"\xef\xbb\xbf"

_raw = msgspec.json.Decoder(msgspec.Raw)
_SPACES = frozenset(" \t\r\n")
# Only where members end is of interest, not how large a number is.
_scan = json.JSONDecoder(parse_int=float, strict=False).raw_decode


def raw_records(raw: bytes, limit: int) -> tuple[list[bytes | msgspec.Raw], bool]:
    """Split a body into its records, undecoded.

    Returns:
        The records, and whether the body was a single object. Lines may still be no JSON.

    Raises:
        InvalidError: when it is not JSON, or JSON of another shape.
        TooLargeError: when there are more than `limit`.
    """
    text = raw.removeprefix(_BOM).strip()
    if not text:
        raise InvalidError(EMPTY_BODY, "body")
    single = False
    records: list[bytes | msgspec.Raw]
    try:
        if text.startswith(b"["):
            records = _members(text)
        else:
            records, single = _one_or_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidError(f"the body is not JSON: {exc}", "body") from None
    except RecursionError:
        raise InvalidError("nested too deeply", "body") from None
    if len(records) > limit:
        raise TooLargeError(f"at most {limit} at a time, not {len(records)}", "body")
    return records, single


def _members(text: bytes) -> list[bytes | msgspec.Raw]:
    """Return what an array holds; a member that is no JSON to msgspec is one to be refused by itself.

    Other programs write NaN, and half of a character where they cut a text (RFC 8259, section 8.2).
    """
    try:
        return [*msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        apart = _taken_apart(text.decode(errors="surrogateescape"))
        if apart is None or not any(map(_is_object, apart)):
            raise
        return [*apart]


def _taken_apart(text: str) -> list[bytes] | None:
    """Return the members of an array as Python's decoder tells them apart; None where it cannot."""
    found: list[bytes] = []
    at = 1
    try:
        while True:
            begin = _space(text, at)
            _, end = _scan(text, begin)
            found.append(text[begin:end].encode(errors="surrogateescape"))
            at = _space(text, end) + 1
            if text[at - 1 : at] != ",":
                is_whole = text[at - 1 :] == "]"  # what stood behind was stripped
                return found if is_whole else None
    except ValueError:  # the JSON error is one
        return None


def _space(text: str, at: int) -> int:
    """Return where white space ends."""
    while text[at : at + 1] in _SPACES:
        at += 1
    return at


def _one_or_lines(text: bytes) -> tuple[list[bytes | msgspec.Raw], bool]:
    try:
        return [_raw.decode(text)], True
    except msgspec.DecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        # A single object that is broken, written over several lines, has no line that is one.
        if len(lines) == 1 or not any(map(_is_object, lines)):
            raise
        return [*lines], False


def _is_object(line: bytes) -> bool:
    try:
        return line.lstrip().startswith(b"{") and bool(_raw.decode(line))
    except (msgspec.DecodeError, RecursionError):
        return False


def decode(record: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode one record.

    Raises:
        InvalidError: naming the field.
    """
    if not record:
        raise InvalidError(EMPTY_BODY, "body")
    try:
        try:
            return decoder.decode(record)
        except msgspec.ValidationError as exc:
            # Rare enough that nothing is looked at twice before something does not fit.
            if "RFC3339" not in str(exc):
                raise
            found = with_moments(msgspec.json.decode(record), decoder.type)
            return decoder.decode(msgspec.json.encode(found))
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        field, problem = field_of(str(exc))
        raise InvalidError(problem, field) from None
    except RecursionError:
        raise InvalidError("nested too deeply", "body") from None


class JSONRequest(Request[Any, Any, Any]):
    """A request whose body the framework decodes for its handler, leniently but for dates."""

    async def json(self) -> Any:
        """Return the body, its moments as the handler's type takes them.

        Raises:
            InvalidError: naming a field that must be a date and is a number in quotes.
        """
        found = await super().json()
        asked = self.route_handler.parsed_fn_signature.parameters.get("data")
        return found if asked is None else with_moments(found, asked.annotation)


async def read(request: Request[Any, Any, Any], max_bytes: int) -> bytes:
    """Return the body, decompressed if it came so.

    Raises:
        TooLargeError: when more than `max_bytes` are sent, or would come out.
        InvalidError: when it cannot be decompressed.
        UnknownEncodingError: when nothing here could.
        TooSlowError: when it does not come in time.
        CrowdedError: when there is no room for it just now.
    """
    # Not by `request.headers`, which takes all of them apart for this one.
    raw_headers = request.scope["headers"]
    encodings = [v.decode("latin-1") for name, v in raw_headers if name == b"content-encoding"]
    raw = await received(request.receive, max_bytes)
    whole = decompressed(raw, encodings, max_bytes)
    body = body_in(request.scope)
    if body is not None and len(whole) > len(raw):
        body.hold(len(whole) - len(raw))
    return whole


async def received(receive: Receive, max_bytes: int) -> bytes:
    """Return what is sent.

    What is too much is read all the same, within reason, and dropped: an answer that comes while the
    client is still sending is lost on many.

    Raises:
        TooLargeError: when more than `max_bytes` are sent.
    """
    parts, n, more = bytearray(), 0, True
    while more and n <= DRAINED * max_bytes:
        message = cast("dict[str, Any]", await receive())
        part: bytes = message.get("body", b"")
        n += len(part)
        if n <= max_bytes:
            parts += part
        more = bool(message.get("more_body"))
    if n > max_bytes:
        raise TooLargeError(f"the body is larger than {max_bytes} bytes", "body")
    return bytes(parts)
