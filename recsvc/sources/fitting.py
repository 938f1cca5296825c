"""Fitting with lenience: what is optional in a file and does not fit is cut or left out, and named."""

import re
from typing import Any, TypeVar

import msgspec

from recsvc.core.fitting import fitted
from recsvc.core.items.item import MAX_ALIASES, NewItem
from recsvc.errors import InvalidError

Kind = TypeVar("Kind", bound=NewItem)
Read = TypeVar("Read")

# As `ItemFields` has them: characters of a text, members of a list and characters of each.
_LENGTHS = {"title": 1_000, "text": 100_000}
_LISTS = {"topics": (100, 100), "authors": (10_000, 300), "aliases": (MAX_ALIASES, 256)}
# Longer ones are cut; of an id or a keyword, a part is another one.
_CUT = ("title", "text", "authors")
# Without these it is no item, and a count that is none says that the record is damaged.
_NEEDED = ("id", "title", "upvotes", "comments", "hidden")

_STEP = re.compile(r"\.([^.\[`]+)|\[(\d+)\]")
# A record of which more is something else than what it should be is damaged.
_MOST_WRONG = 100


def loose(found: dict[str, Any], into: type[Read]) -> tuple[Read, list[str]]:
    """Return decoded JSON as a struct, without what is of another kind, and the fields so left out.

    Args:
        found: is changed.

    Raises:
        InvalidError: when something that it needs is not there, or hardly anything fits.
    """
    left_out: dict[str, str] = {}
    for _ in range(_MOST_WRONG):
        try:
            return msgspec.convert(found, into), [*left_out]
        except msgspec.ValidationError as exc:
            why, _, path = str(exc).partition(" - at `$")
            steps = [name or int(index) for name, index in _STEP.findall(path)]
            if not steps:
                missing = why.split("`")[1] if "required field" in why else ""
                raise InvalidError(left_out.get(missing, why), missing or None) from None
            _remove(found, steps)
            left_out[str(steps[0])] = why
    raise InvalidError("too much in it is not what it should be")


def _remove(found: Any, steps: list[str | int]) -> None:
    """Remove what a path leads to."""
    *above, last = steps
    for step in above:
        found = found[step]
    del found[last]


def lenient(fields: dict[str, Any], into: type[Kind]) -> Kind:
    """Return fields as an item; what is optional and does not fit is cut or left out, and named.

    Args:
        fields: may name what was left out of it before.
        into: has a field `left_out`, for the names of what is not as it came.

    Raises:
        InvalidError: when its id or its title does not fit.
    """
    left_out = [*fields.pop("left_out", ())]
    kept = {name: _trimmed(name, value, left_out) for name, value in fields.items()}
    while True:
        try:
            return fitted(kept | {"left_out": left_out}, into)
        except InvalidError as exc:
            name = (exc.field or "").partition(".")[0].partition("[")[0]
            if name in _NEEDED or kept.get(name) is None:
                raise
            kept[name] = None
            left_out.append(name)


def _trimmed(name: str, value: Any, left_out: list[str]) -> Any:
    if name in _LENGTHS and isinstance(value, str) and len(value) > _LENGTHS[name]:
        left_out.append(name)
        return value[: _LENGTHS[name] - 1] + "…"
    if name not in _LISTS or not isinstance(value, list):
        return value
    most, longest = _LISTS[name]
    if name in _CUT:
        fitting = [one[: longest - 1] + "…" if len(one) > longest else one for one in value]
    else:
        fitting = [one for one in value if len(one) <= longest]
    kept = fitting[:most]
    if kept != value:
        left_out.append(name)
    return kept
