"""Ids in paths, which may hold slashes and whatever else a path can only say encoded."""

from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request

from recsvc.core.ids import Id
from recsvc.errors import InvalidError


def raw_path(request: Request[Any, Any, Any]) -> bytes:
    """Return the path of a request as the client encoded it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.partition(b"?")[0]


def path_id(request: Request[Any, Any, Any], prefix: str, suffix: str = "") -> str:
    """Return the id between a prefix and a suffix of the path, as the client encoded it.

    Taken from the undecoded path: decoding first would lose the difference between `a//b` and `a/b`,
    and that between an id that ends like the suffix and the suffix.

    Raises:
        InvalidError: when it is not an id.
    """
    raw = raw_path(request)
    found = raw[raw.find(prefix.encode()) + len(prefix) :].removesuffix(suffix.encode())
    try:
        return msgspec.convert(unquote_to_bytes(found).decode(), Id)
    except (UnicodeDecodeError, msgspec.ValidationError) as exc:
        raise InvalidError(f"not an id: {exc}", "id") from None
