"""Instants as sources write them; what is not said is not made up."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from recsvc.core.moments import epoch, without_leap_second
from recsvc.errors import InvalidError

# What programs write into a cell of which nothing is known.
_NOTHING = {"", "na", "n/a", "nan", "nat", "null", "none", "-"}
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+]?\d{1,3})?")
_FIRST_EPOCH_S = 1e8


def instant(text: object) -> datetime | None:
    """Return the instant a text names, UTC where it names no zone; None for an empty one.

    Takes ISO 8601 and RFC 822. A date alone is its first instant.

    Raises:
        InvalidError: when it names none.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise InvalidError(f"not a date: {text!r}")
    parsers: list[Callable[[str], datetime]] = [datetime.fromisoformat, parsedate_to_datetime]
    for parse in parsers:
        try:
            moment = parse(without_leap_second(text.strip()))
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            continue
    raise InvalidError(f"not a date: {text[:40]!r}")


def moment(value: object) -> datetime | None:
    """Return the instant that a cell of a table names, a text or a number since 1970.

    Numbers before 1973 are no instants but texts: a year, or a day without its hyphens.

    Raises:
        InvalidError: when it names none.
    """
    if isinstance(value, bool):
        raise InvalidError(f"not a date: {value!r}")
    text = str(value if value is not None else "").strip()
    if text.lower() in _NOTHING:
        return None
    if _NUMBER.fullmatch(text) and float(text) >= _FIRST_EPOCH_S:
        return epoch(float(text))
    return instant(text)


def at_best(text: object) -> datetime | None:
    """Return the instant a text names; None where it names none: an optional date rejects nothing."""
    try:
        return instant(text)
    except InvalidError:
        return None
