"""Moments as Gorse's clients and files write them: anything a Go, Java or PHP program prints."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from recsvc.clock import SECOND_US, to_us
from recsvc.core.moments import without_leap_second
from recsvc.errors import InvalidError

LATEST_US = to_us(datetime(9999, 1, 1, tzinfo=UTC))
# What Go prints of a time: 2006-01-02 15:04:05.999999999 -0700 MST
_GO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})(?: \w+)?")
_SLASHES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")


def moment_us(text: str | None) -> int | None:
    """Return a moment, UTC where it names no zone; None for none at all, which Go's zero time says too.

    Raises:
        InvalidError: when it is no moment.
    """
    if not text or text.startswith("0001-"):
        return None
    at_us = _parsed(without_leap_second(text.strip()))
    if at_us is None:
        raise InvalidError(f"not a moment: {text[:60]!r}", "Timestamp")
    return at_us


def _parsed(text: str) -> int | None:
    if text.isdecimal() and len(text) in (10, 13, 16, 19):  # seconds to nanoseconds since 1970
        return min(int(text) * SECOND_US // int(10 ** (len(text) - 10)), LATEST_US)
    parsers: list[Callable[[str], datetime]] = [
        datetime.fromisoformat,
        _go,
        parsedate_to_datetime,
        *[_with(form) for form in _SLASHES],
    ]
    for parse in parsers:
        try:
            moment = parse(text)
            return min(to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), LATEST_US)
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
