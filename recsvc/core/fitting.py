"""Fitting: what comes from a file or a form is checked as if it had come as JSON.

Of moments msgspec knows no leap second, and where it is lenient it takes "2030" for so many seconds
since 1970: what must be a date is looked at before.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from recsvc.core.moments import without_leap_second
from recsvc.errors import InvalidError

T = TypeVar("T")

# What decoders raise for bytes that are not what they should be: of letters that are none and of nesting
# without end msgspec speaks in Python's words.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_LISTS = (inspect.ListType, inspect.VarTupleType)
_NUMBER = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")


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


def without_nulls(found: Any) -> Any:
    """Return decoded JSON, an object or a list of some, without the fields that are null.

    So programs in Go write what they have nothing to say of, and so they read it.
    """
    if isinstance(found, list):
        return [without_nulls(one) for one in found]
    if isinstance(found, dict):
        return {name: value for name, value in found.items() if value is not None}
    return found


def with_moments(found: Any, into: Any) -> Any:
    """Return decoded JSON, its moments as decoders take them: a leap second as the end of its minute.

    Args:
        into: the type it is meant for; only where that has a moment, a text is looked at.

    Raises:
        InvalidError: naming the field, for a number in quotes where a date may be.
    """
    kind = _with_moments(into)
    return found if kind is None else _read(found, kind, "")


@cache
def _with_moments(into: Any) -> inspect.Type | None:
    """Return what a type is made of; None where there is no moment in it."""
    kind = inspect.type_info(into)
    return kind if _has_moments(kind) else None


def _has_moments(kind: inspect.Type) -> bool:
    return any(
        isinstance(one, inspect.DateTimeType)
        or (isinstance(one, inspect.StructType) and any(_has_moments(f.type) for f in one.fields))
        or (isinstance(one, _LISTS) and _has_moments(one.item_type))
        for one in _alternatives(kind)
    )


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return what a value of a type may be."""
    if isinstance(kind, inspect.Metadata):
        return _alternatives(kind.type)
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _read(found: Any, kind: inspect.Type, field: str) -> Any:
    kinds = _alternatives(kind)
    if isinstance(found, str):
        return _moment(found, kinds, field)
    if isinstance(found, dict):
        fields = [f for k in kinds if isinstance(k, inspect.StructType) for f in k.fields]
        said = {f.encode_name: f.type for f in fields if f.encode_name in found}
        inner = f"{field}." if field else ""
        return found | {n: _read(found[n], t, inner + n) for n, t in said.items()}
    if isinstance(found, list):
        item = next((k.item_type for k in kinds if isinstance(k, _LISTS)), None)
        if item is not None:
            return [_read(one, item, f"{field}[{n}]") for n, one in enumerate(found)]
    return found


def _moment(found: str, kinds: tuple[inspect.Type, ...], field: str) -> str:
    if not any(isinstance(kind, inspect.DateTimeType) for kind in kinds):
        return found
    if _NUMBER.fullmatch(found):
        raise InvalidError(f"{field}: not an RFC 3339 instant: {found[:40]!r}", field)
    return without_leap_second(found)
