"""Compressed bodies: gzip and zstd (RFC 9110, section 8.4), taken apart within a bound.

What comes out is counted while it comes out: a kilobyte that would become gigabytes costs no more than
the largest body that is taken. So does the window of zstd, which a frame may ask for (RFC 9659).
"""

import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from recsvc.errors import InvalidError, TooLargeError, UnknownEncodingError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GZIP_BITS = zlib.MAX_WBITS | 16
_ZSTD_WINDOW_LOG = 23  # 8 MB, what RFC 9659 asks of those who answer HTTP
_MEMBERS = 100  # each costs a copy of what follows it


def _gzip() -> Any:
    return zlib.decompressobj(_GZIP_BITS)


def _zstd() -> Any:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return zstd.ZstdDecompressor(options=options)


_DECODERS: dict[str, Callable[[], Any]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}

ACCEPTED = "gzip, zstd"


def decompressed(raw: bytes, encodings: Sequence[str], max_bytes: int) -> bytes:
    """Return a body as it was before it was compressed.

    Args:
        encodings: values of Content-Encoding, in the order in which they were applied.

    Raises:
        UnknownEncodingError: when one of them is not spoken here, or there are several.
        InvalidError: when the body is not what it is said to be, or ends early.
        TooLargeError: when more than `max_bytes` would come out.
    """
    names = [name.strip().lower() for value in encodings for name in value.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names or not raw:
        return raw
    if len(names) > 1 or names[0] not in _DECODERS:
        raise UnknownEncodingError(
            f"of encodings of a body, {ACCEPTED} are understood, one at a time"
        )
    out, left = bytearray(), raw
    try:
        for _ in range(_MEMBERS):  # several may follow each other, as `cat a.gz b.gz` makes them
            decoder = _DECODERS[names[0]]()
            out += decoder.decompress(left, max_bytes + 1 - len(out))
            if len(out) > max_bytes:
                raise TooLargeError(f"the body becomes larger than {max_bytes} bytes", "body")
            if not decoder.eof:
                raise InvalidError(f"the body ends in the middle of its {names[0]}", "body")
            left = decoder.unused_data
            if not left:
                return bytes(out)
    except (zlib.error, zstd.ZstdError) as exc:
        raise InvalidError(f"the body is not {names[0]}: {exc}", "body") from None
    raise TooLargeError(f"the body is more than {_MEMBERS} pieces of {names[0]}", "body")
