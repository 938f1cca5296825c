"""Moments: a leap second is the end of its minute, and a number in quotes is no date."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import to_us
from recsvc.core.fitting import with_moments
from recsvc.core.items.item import ItemFields, ItemPatch
from recsvc.core.moments import without_leap_second
from recsvc.core.readers.events import Event
from recsvc.core.readers.gorse_times import moment_us
from recsvc.errors import InvalidError
from recsvc.sources.text.dates import instant

END = timedelta(seconds=59, microseconds=999_999)
# Hypothesis takes bounds without a zone.
SPAN = (datetime(1972, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001
minutes = st.datetimes(*SPAN).map(lambda moment: moment.replace(second=0, microsecond=0))
zones = st.integers(-23 * 60 - 59, 23 * 60 + 59)
fractions = st.from_regex(r"(\.[0-9]{1,12})?", fullmatch=True)


def written(minute: datetime, second: str, offset: int, between: str = "T") -> str:
    sign, (hours, rest) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    zone = f"{sign}{hours:02}:{rest:02}" if offset else "Z"
    return f"{minute.isoformat()[:10]}{between}{minute.isoformat()[11:16]}:{second}{zone}"


@given(minutes, zones, fractions, st.sampled_from("Tt "))
def test_a_leap_second_is_the_end_of_its_minute_in_every_zone(minute, offset, fraction, between):
    text = written(minute, f"60{fraction}", offset, between)
    end = minute.replace(tzinfo=timezone(timedelta(minutes=offset))) + END

    event = with_moments({"item": "i", "kind": "click", "at": text, "sent_at": text}, Event)
    item = with_moments({"title": text, "listed_at": text, "extra": {"at": text}}, ItemFields)

    found = msgspec.convert(event, Event)
    assert [to_us(found.at), to_us(found.sent_at)] == [to_us(end)] * 2
    kept = msgspec.convert(item, ItemFields)
    assert (kept.listed_at, kept.title, kept.extra) == (end, text, {"at": text})
    assert moment_us(text) == to_us(end)
    assert instant(text) == end


@given(minutes)
def test_mails_and_records_of_archives_have_leap_seconds_too(minute):
    text = f"{minute:%a, %d} Dec {minute.year} {minute:%H:%M}:60 GMT"

    assert instant(text) == minute.replace(month=12, second=59, tzinfo=UTC)


@given(minutes, st.integers(0, 59), zones, fractions)
def test_any_other_moment_stays_as_it_is_written(minute, second, offset, fraction):
    text = written(minute, f"{second:02}{fraction}", offset)

    assert without_leap_second(text) == text


@pytest.mark.parametrize("text", ["x:60", "12:60:00", "2026-01-01T10:00:600Z", "1:60", "23:59:60"])
def test_what_is_no_leap_second_stays_what_it_is(text):
    assert without_leap_second(text) == text


numbers = st.integers().map(str) | st.floats(allow_nan=False, allow_infinity=False).map(str)


@given(numbers, st.sampled_from(["published_at", "listed_at", "expires_at"]))
def test_a_number_in_quotes_is_no_date(number, field):
    for into in (ItemFields, ItemPatch):
        with pytest.raises(InvalidError) as refused:
            with_moments({"title": number, field: number}, into)
        assert refused.value.field == field


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["at"]), inner),
    max_leaves=8,
)


@given(json_values)
def test_whatever_else_comes_is_left_alone(found):
    assert with_moments(found, Event) == found
