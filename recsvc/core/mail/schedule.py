"""When a mail is due: wall clock in, instants out, exactly one per local day that has such a mail.

A slot is a local date and the instant of its mail. Clock changes follow PEP 495 with fold=0: a time that
the clock skips is read with the offset before the change (02:30 becomes 03:30), and of a time that comes
twice the first counts. What makes a slot happen once is its date, not its time.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from recsvc.clock import from_us, to_us

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip

# A week, and a day on either side: local dates run up to a day ahead of UTC or behind.
_REACH_DAYS = 9


class Rhythm(msgspec.Struct, frozen=True):
    """When mails are due.

    Attributes:
        weekday: 0 is Monday; None for every day.
    """

    zone: ZoneInfo
    hour: int
    minute: int = 0
    weekday: int | None = None


class Slot(msgspec.Struct, frozen=True, order=True):
    """One mail of a rhythm: the instant it is due, and the local date it belongs to."""

    at_us: int
    day: date


def slot_of(rhythm: Rhythm, day: date) -> Slot:
    """Return the slot of a local date, whatever its weekday."""
    wall = datetime.combine(day, time(rhythm.hour, rhythm.minute), rhythm.zone)
    return Slot(to_us(wall), day)


def next_slot(rhythm: Rhythm, after_us: int) -> Slot:
    """Return the first slot later than an instant."""
    return next(slot for slot in _slots(rhythm, after_us, 1) if slot.at_us > after_us)


def latest_slot(rhythm: Rhythm, now_us: int) -> Slot:
    """Return the last slot that is due at an instant."""
    return next(slot for slot in _slots(rhythm, now_us, -1) if slot.at_us <= now_us)


def _slots(rhythm: Rhythm, around_us: int, step: int) -> Iterator[Slot]:
    """Yield the slots around an instant, in the direction of `step`."""
    # In UTC first: the zones' own arithmetic would stop at the year 1 and 9999.
    today = from_us(around_us).date()
    for n in range(-2, _REACH_DAYS):
        day = today + timedelta(days=n * step)
        if rhythm.weekday is None or day.weekday() == rhythm.weekday:
            yield slot_of(rhythm, day)
