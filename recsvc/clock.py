"""Instants: integers of microseconds since 1970-01-01T00:00Z, the one unit of time in recsvc.

Microseconds, because a double holds them exactly until the year 2255 (Redis scripts compute in
doubles) and because the events of one batch, told apart by a microsecond each, keep their order.

Processes of one site share a store, and its clock is the one that counts: `ahead` is what a process has
measured to be missing from its own, so that machines whose clocks differ mean the same instant.
"""

import time
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
MINUTE_US = 60 * SECOND_US
HOUR_US = HOUR_S * SECOND_US
DAY_US = DAY_S * SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Ahead:
    """How far the clock that counts is ahead of this machine's.

    Attributes:
        us: negative when it is behind; 0 until somebody measured otherwise.
    """

    us = 0


ahead = Ahead()


def now_us() -> int:
    """Return the present instant, by the clock that counts."""
    return own_us() + ahead.us


def own_us() -> int:
    """Return the present instant by this machine's clock."""
    return time.time_ns() // 1000


def apart_us(instant_us: int, now_us: int) -> int:
    """Return how long ago an instant was, or how far ahead it is: a clock that is set back makes it so.

    Whoever waits until enough time has passed would wait for as long as the clock was set back, too.
    """
    return abs(now_us - instant_us)


def this_minute_us() -> int:
    """Return when the present minute began: what is told from here stays the same for a while."""
    return now_us() // MINUTE_US * MINUTE_US


def to_us(moment: datetime) -> int:
    """Return the instant of an aware datetime, exactly: no float in between."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(instant_us: int) -> datetime:
    """Return the UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant_us)


def rfc3339(instant_us: int) -> str:
    """Return an instant as `2026-03-11T09:00:00.123456Z`; whole seconds without the fraction."""
    return from_us(instant_us).isoformat().replace("+00:00", "Z")
