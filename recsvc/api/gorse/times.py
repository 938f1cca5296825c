"""Moments and durations as Gorse's clients write them: anything a Go, Java or PHP program prints."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from recsvc.clock import HOUR_US, SECOND_US, from_us, to_us
from recsvc.core.readers.events import MIN_AT_US
from recsvc.errors import InvalidError

_PER_UNIT_US = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "ms": 1_000,
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": HOUR_US,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
# What Go prints of a time: 2006-01-02 15:04:05.999999999 -0700 MST
_GO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})(?: \w+)?")
_SLASHES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_LATEST_US = to_us(datetime(9999, 1, 1, tzinfo=UTC))


def instant_us(text: str | None, now_us: int) -> int:
    """Return an instant; now for none at all, which also Go's zero time stands for.

    A client that sends whole seconds means some moment of that second: one that has just begun counts
    as now, so that what is done twice within a second keeps its order.

    Raises:
        InvalidError: when it is no moment.
    """
    if not text or text.startswith("0001-01-01"):
        return now_us
    at_us = _parsed(text.strip())
    if at_us is None:
        raise InvalidError(f"not a moment: {text[:60]!r}", "Timestamp")
    if at_us < MIN_AT_US:
        return now_us
    is_this_second = at_us % SECOND_US == 0 and 0 <= now_us - at_us < 2 * SECOND_US
    return now_us if is_this_second else at_us


def duration_us(text: str) -> int:
    """Return a Go duration such as `1h30m` or `0h0m10s`.

    Raises:
        InvalidError: when it is none.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidError(f"not a duration: {text[:60]!r}", "write-back-delay")
    total = sum(float(number) * _PER_UNIT_US[unit] for number, unit in parts)
    return int(min(total, _LATEST_US))


def written(at_us: int) -> str:
    """Return an instant as Gorse writes it."""
    moment = from_us(min(at_us, _LATEST_US))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{text}{fraction}Z"


def _parsed(text: str) -> int | None:
    if text.isdecimal() and len(text) in (10, 13, 16, 19):  # seconds to nanoseconds since 1970
        return min(int(text) * SECOND_US // int(10 ** (len(text) - 10)), _LATEST_US)
    parsers: list[Callable[[str], datetime]] = [
        datetime.fromisoformat,
        _go,
        parsedate_to_datetime,
        *[_with(form) for form in _SLASHES],
    ]
    for parse in parsers:
        try:
            moment = parse(text)
            return min(to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), _LATEST_US)
        except (ValueError, OverflowError):
            continue
    return None


def _go(text: str) -> datetime:
    match = _GO.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime.fromisoformat(f"{match[1]}{match[2]}")


def _with(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form).replace(tzinfo=UTC)
