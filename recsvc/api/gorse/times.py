"""Moments and durations of Gorse's API."""

import re

from recsvc.clock import HOUR_US, SECOND_US, from_us
from recsvc.core.readers.events import MIN_AT_US
from recsvc.core.readers.gorse_times import LATEST_US, moment_us
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


def instant_us(text: str | None, now_us: int) -> int:
    """Return an instant; now for none at all, which also Go's zero time stands for.

    A client that sends whole seconds means some moment of that second: one that has just begun counts
    as now, so that what is done twice within a second keeps its order.

    Raises:
        InvalidError: when it is no moment.
    """
    at_us = moment_us(text)
    if at_us is None or at_us < MIN_AT_US:
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
    return int(min(total, LATEST_US))


def written(at_us: int) -> str:
    """Return an instant as Gorse writes it."""
    moment = from_us(min(at_us, LATEST_US))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{text}{fraction}Z"
