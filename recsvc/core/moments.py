"""Moments as senders write them: a date with its zone, or a number since 1970."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from recsvc.clock import to_us
from recsvc.errors import InvalidError

# RFC 3339, or a number since 1970 as most programs have it at hand.
Moment = Annotated[datetime, Meta(tz=True)] | float


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
