"""Moments as senders write them: a date with its zone, or a number since 1970.

A minute may have a sixty-first second (RFC 3339, 5.6 and 5.7), which no clock of ours counts: what
happened in it happened at the end of that minute, so that it stays on its day.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from recsvc.clock import to_us
from recsvc.errors import InvalidError

# RFC 3339, or a number since 1970 as most programs have it at hand.
Moment = Annotated[datetime, Meta(tz=True)] | float

# As RFC 3339 has it, and as mails have it (RFC 5322), where a second has no parts.
_LEAP_SECOND = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d):60(?:[.,]\d+)?(?![\d:])|(?<= \d\d:\d\d):60(?![\d:.])"
)


def without_leap_second(text: str) -> str:
    """Return the text of a moment; one within a leap second is the end of its minute."""
    if ":60" not in text:
        return text
    return _LEAP_SECOND.sub(
        lambda found: f"{found['iso']}:59.999999" if found["iso"] else ":59", text
    )


def epoch(number: float) -> datetime:
    """Return the instant a number of seconds, milliseconds or microseconds since 1970 names.

    Told apart by size: the three do not overlap between 1973 and 5138.

    Raises:
        InvalidError: when it is out of every range.
    """
    for per_second in (1, 1_000, 1_000_000):
        if number < 1e11 * per_second:
            try:
                return datetime.fromtimestamp(number / per_second, UTC)
            except (ValueError, OverflowError, OSError):
                break
    raise InvalidError(f"not an instant: {number!r}")


def moment_us(moment: Moment, field: str) -> int:
    """Return a moment as an instant.

    Raises:
        InvalidError: naming the field, when it is a number out of every range.
    """
    try:
        return to_us(moment if isinstance(moment, datetime) else epoch(moment))
    except InvalidError as exc:
        raise InvalidError(f"{field}: {exc}", field) from None
