"""Days, weeks and months of a zone, against the calendar walked hour by hour."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import HOUR_US, to_us
from recsvc.core.items.periods import holding, named, neighbours
from recsvc.errors import InvalidError

# Zones that skip midnight, repeat it, skip a whole day, shift by half an hour, or do none of it.
ZONES = [
    "UTC",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/New_York",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(
    to_us(datetime(1995, 1, 1, tzinfo=UTC)), to_us(datetime(2040, 1, 1, tzinfo=UTC))
)
kinds = st.sampled_from(["daily", "weekly", "monthly"])


@given(kind=kinds, instant=instants, zone=zones)
def test_the_period_that_holds_an_instant_holds_it_and_is_found_by_its_name(kind, instant, zone):
    period = holding(kind, instant, zone)

    assert period.start_us <= instant < period.end_us
    assert named(kind, period.name, zone) == period


@given(kind=kinds, instant=instants, zone=zones)
def test_periods_follow_each_other_without_gap_or_overlap(kind, instant, zone):
    period = holding(kind, instant, zone)

    following = holding(kind, period.end_us, zone)
    before = holding(kind, period.start_us - 1, zone)

    assert following.start_us == period.end_us
    assert before.end_us == period.start_us


@given(instant=instants, zone=zones)
def test_a_day_holds_the_hours_that_have_its_date_on_the_wall(instant, zone):
    period = holding("daily", instant, zone)
    half_hours = range(period.start_us - 2 * HOUR_US, period.end_us + 2 * HOUR_US, HOUR_US // 2)

    for at in half_hours:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        is_on_that_date = moment.astimezone(zone).date() == date.fromisoformat(period.name)
        assert is_on_that_date == (period.start_us <= at < period.end_us)


@given(kind=kinds, instant=instants, listed=st.lists(instants, max_size=20), zone=zones)
def test_neighbours_are_the_nearest_periods_with_items(kind, instant, listed, zone):
    period = holding(kind, instant, zone)
    holders = {p.name: p for p in (holding(kind, at, zone) for at in listed)}.values()
    earlier = [p for p in holders if p.start_us < period.start_us]
    later = [p for p in holders if p.start_us > period.start_us]

    previous, following = neighbours(period, np.array(listed, np.int64), zone)

    assert previous == max(earlier, key=lambda p: p.start_us).name if earlier else previous is None
    assert following == min(later, key=lambda p: p.start_us).name if later else following is None


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("daily", "2025-02-29", "date"),
        ("daily", "20250228", "date"),
        ("daily", "2025-2-8", "date"),
        ("daily", "٢٠٢٥-٠١-٠١", "date"),
        ("weekly", "2025-W53", "week"),
        ("weekly", "2025-W00", "week"),
        ("monthly", "2025-13", "month"),
        ("monthly", "", "month"),
    ],
)
def test_a_name_of_no_period_is_refused_naming_the_parameter(kind, name, field):
    with pytest.raises(InvalidError) as refused:
        named(kind, name, ZoneInfo("UTC"))

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "name"), [("daily", "9999-12-31"), ("weekly", "9999-W52"), ("monthly", "9999-12")]
)
def test_the_end_of_the_calendar_is_no_accident(kind, name):
    period = named(kind, name, ZoneInfo("Asia/Tokyo"))

    assert period.start_us < period.end_us
    assert holding(kind, to_us(datetime.max.replace(tzinfo=UTC)), ZoneInfo("Asia/Tokyo"))
