"""Fitting: what comes from a file or a form is checked as if it had come as JSON."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from recsvc.errors import InvalidError

T = TypeVar("T")

# What decoders raise for bytes that are not what they should be: of letters that are none and of nesting
# without end msgspec speaks in Python's words.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def fitted(fields: Mapping[str, Any], into: type[T]) -> T:
    """Return fields as the struct they are meant for; a field that is None counts as not said.

    Raises:
        InvalidError: naming the field that does not fit.
    """
    try:
        return msgspec.convert({k: v for k, v in fields.items() if v is not None}, into)
    except msgspec.ValidationError as exc:
        detail, _, path = str(exc).partition(" - at `$.")
        name = path.rstrip("`")
        raise InvalidError(f"{name}: {detail}" if name else detail, name or None) from None
