"""Periods: the days, ISO weeks and months of one zone, by name.

    2025-12-09   a day, from its first instant in the zone to the next day's
    2025-W50     an ISO 8601 week, Monday to Sunday
    2025-12      a month

A day is 23 or 25 hours long where clocks change, and may begin at one o'clock where midnight is
skipped; its first instant is what the zone's rules say of `00:00` before the change.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US, from_us, to_us
from recsvc.core.choices import PeriodKind
from recsvc.errors import InvalidError

_NAMES: dict[PeriodKind, tuple[re.Pattern[str], str, str]] = {
    "daily": (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), "date", "YYYY-MM-DD"),
    "weekly": (re.compile(r"\d{4}-W\d{2}", re.ASCII), "week", "YYYY-Www"),
    "monthly": (re.compile(r"\d{4}-\d{2}", re.ASCII), "month", "YYYY-MM"),
}


# Zones reach 14 hours to either side; what a calendar says of the first and last days is clamped.
_EARLIEST_US = to_us(datetime(1, 1, 3, tzinfo=UTC))
_LATEST_US = to_us(datetime(9999, 12, 29, tzinfo=UTC))


class Period(msgspec.Struct, frozen=True):
    """A stretch of time with a name.

    Attributes:
        start_us, end_us: it is [start_us, end_us).
    """

    kind: PeriodKind
    name: str
    start_us: int
    end_us: int


def named(kind: PeriodKind, name: str, zone: ZoneInfo) -> Period:
    """Return the period of that name.

    Raises:
        InvalidError: when there is none, naming the parameter.
    """
    pattern, field, form = _NAMES[kind]
    try:
        if not pattern.fullmatch(name):
            raise ValueError
        if kind == "weekly":
            first = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        else:
            first = date.fromisoformat(name if kind == "daily" else f"{name}-01")
        return _of_first_day(kind, first, zone)
    except (ValueError, OverflowError):
        raise InvalidError(f"{field}: {name[:40]!r} is none ({form})", field) from None


def holding(kind: PeriodKind, instant_us: int, zone: ZoneInfo) -> Period:
    """Return the period that holds an instant."""
    clamped_us = min(max(instant_us, _EARLIEST_US), _LATEST_US)
    day = from_us(clamped_us).astimezone(zone).date()
    if kind == "weekly":
        day -= timedelta(days=day.weekday())
    elif kind == "monthly":
        day = day.replace(day=1)
    return _of_first_day(kind, day, zone)


def last_day(period: Period, zone: ZoneInfo) -> date:
    """Return a period's last day; of one that the calendar cuts off, the last it can tell."""
    return from_us(min(period.end_us - 1, _LATEST_US)).astimezone(zone).date()


def neighbours(
    period: Period, listed_us: NDArray[np.int64], zone: ZoneInfo
) -> tuple[str | None, str | None]:
    """Return the names of the nearest periods before and after in which something was listed.

    Args:
        listed_us: when each item was listed, in any order.
    """
    before = listed_us[listed_us < period.start_us]
    after = listed_us[listed_us >= period.end_us]
    previous = holding(period.kind, int(before.max()), zone).name if len(before) else None
    following = holding(period.kind, int(after.min()), zone).name if len(after) else None
    return previous, following


def _of_first_day(kind: PeriodKind, first: date, zone: ZoneInfo) -> Period:
    start_us = _first_instant(first, zone)
    if kind == "daily":
        name, n_days = first.isoformat(), 1
    elif kind == "weekly":
        year, week, _ = first.isocalendar()
        name, n_days = f"{year:04d}-W{week:02d}", 7
    else:
        name, n_days = f"{first.year:04d}-{first.month:02d}", monthrange(first.year, first.month)[1]
    try:
        end_us = _first_instant(first + timedelta(days=n_days), zone)
    except OverflowError:  # the last day there is
        end_us = start_us + n_days * DAY_US
    return Period(kind, name, start_us, end_us)


def _first_instant(day: date, zone: ZoneInfo) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return to_us(midnight.astimezone(UTC))
