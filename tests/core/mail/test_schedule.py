import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import DAY_US, from_us, to_us
from recsvc.core.mail.schedule import Rhythm, latest_slot, next_slot, slot_of
from tests.workers.mail.post import instant

ZONES = sorted(zone for zone in available_timezones() if "/" in zone)

rhythms = st.builds(
    Rhythm,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.integers(0, 23),
    st.integers(0, 59),
    st.none() | st.integers(0, 6),
)
# Around the changes of the years in which clocks are changed most.
instants = st.integers(instant("2005-01-01T00:00"), instant("2037-01-01T00:00"))


@given(rhythms, instants)
def test_the_next_slot_is_later_and_nothing_lies_between(rhythm: Rhythm, now: int):
    slot = next_slot(rhythm, now)

    assert slot.at_us > now
    assert latest_slot(rhythm, slot.at_us - 1).at_us <= now
    assert latest_slot(rhythm, slot.at_us).at_us == slot.at_us


@given(rhythms, instants)
def test_every_local_date_has_one_slot_of_its_own(rhythm: Rhythm, now: int):
    slots = [next_slot(rhythm, now)]
    while len(slots) < 30:
        slots.append(next_slot(rhythm, slots[-1].at_us))

    days = [slot.day for slot in slots]
    gap = timedelta(days=1 if rhythm.weekday is None else 7)
    skipped = {date(2011, 12, 30), date(2011, 12, 31)}  # Samoa went over the date line
    assert all(
        later - earlier == gap or skipped & {earlier, earlier + timedelta(days=1)}
        for earlier, later in itertools.pairwise(days)
    )
    if rhythm.weekday is not None:
        assert {day.weekday() for day in days} == {rhythm.weekday}


@given(rhythms, instants)
def test_a_slot_is_at_its_wall_time_unless_the_clock_skips_it(rhythm: Rhythm, now: int):
    slot = next_slot(rhythm, now)

    local = from_us(slot.at_us).astimezone(rhythm.zone)
    shown = (local.date(), local.hour, local.minute)
    if shown != (slot.day, rhythm.hour, rhythm.minute):
        before = from_us(slot.at_us - DAY_US).astimezone(rhythm.zone)
        assert local.utcoffset() > before.utcoffset(), "only a clock that springs forward skips"


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "day", "utc"),
    [
        ("Europe/Berlin", 2, 30, date(2026, 3, 29), "2026-03-29T01:30"),  # does not exist: 03:30
        ("Europe/Berlin", 2, 30, date(2026, 10, 25), "2026-10-25T00:30"),  # twice: the first
        (
            "Africa/Cairo",
            0,
            30,
            date(2026, 4, 24),
            "2026-04-23T22:30",
        ),  # midnight itself is skipped
        ("Australia/Lord_Howe", 2, 15, date(2026, 10, 4), "2026-10-03T15:45"),  # half an hour
        ("Pacific/Kiritimati", 7, 0, date(2026, 3, 29), "2026-03-28T17:00"),
        ("Asia/Kathmandu", 7, 0, date(2026, 3, 29), "2026-03-29T01:15"),
    ],
)
def test_clock_changes(zone: str, hour: int, minute: int, day: date, utc: str):
    rhythm = Rhythm(ZoneInfo(zone), hour, minute)

    slot = slot_of(rhythm, day)

    assert slot.at_us == instant(utc)
    assert next_slot(rhythm, slot.at_us).day == day + timedelta(days=1)
    assert next_slot(rhythm, slot.at_us - 1) == slot


def test_an_ambiguous_time_comes_once():
    rhythm = Rhythm(ZoneInfo("Europe/Berlin"), 2, 30)
    first = slot_of(rhythm, date(2026, 10, 25))

    second = to_us(from_us(first.at_us) + timedelta(hours=1))

    assert latest_slot(rhythm, second) == first, "the second 02:30 belongs to the same slot"
    assert next_slot(rhythm, first.at_us).at_us > second
