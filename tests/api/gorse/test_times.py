from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.gorse.times import duration_us, instant_us, written
from recsvc.clock import DAY_US, SECOND_US, to_us
from recsvc.errors import InvalidError
from recsvc.sources.tables.gorse import _instant as instant_of_a_file

NOW = to_us(datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC))
THEN = datetime(2025, 3, 11, 9, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-11T09:30:15Z",
        "2025-03-11T09:30:15+00:00",
        "2025-03-11T11:30:15.000000000+02:00",
        "2025-03-11 09:30:15",
        "2025-03-11 09:30:15 +0000 UTC",
        "2025-03-11 10:30:15.000000001 +0100 CET",
        "2025/03/11 09:30:15",
        "03/11/2025 09:30:15",
        "Tue, 11 Mar 2025 09:30:15 GMT",
        "1741685415",
        "1741685415000",
        "1741685415000000",
        "1741685415000000000",
    ],
)
def test_moments_are_read_as_clients_of_many_languages_write_them(text):
    assert instant_us(text, NOW) == to_us(THEN)
    assert instant_of_a_file(text) == THEN


@pytest.mark.parametrize(
    "text", [None, "", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0000000000"]
)
def test_no_moment_is_now(text):
    if not text or text.startswith("0001"):
        assert instant_of_a_file(text or "") is None
    assert instant_us(text, NOW) == NOW


def test_a_second_that_has_just_begun_is_now():
    assert instant_us("2026-01-02T03:04:05Z", NOW) == NOW
    assert instant_us("2026-01-02T03:04:04Z", NOW) == NOW
    assert instant_us("2026-01-02T03:04:03Z", NOW) == NOW - 2_600_000
    assert instant_us("2026-01-02T03:04:05.1Z", NOW) == NOW - 500_000


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", "12", "²" * 10])
def test_what_is_no_moment_is_refused(text):
    for read in (lambda: instant_us(text, NOW), lambda: instant_of_a_file(text)):
        with pytest.raises(InvalidError):
            read()


@given(st.integers(2 * DAY_US, 8_000 * 365 * DAY_US))
def test_what_we_write_we_read(at_us):
    assert instant_us(written(at_us), at_us + 10 * SECOND_US) == at_us


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5_400), ("0h0m10s", 10), ("1.5h", 5_400), ("300ms", 0.3), ("0s", 0)],
)
def test_durations_are_gos(text, seconds):
    assert duration_us(text) == timedelta(seconds=seconds) // timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["10", "m", "ten minutes", "10m ", "-5m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InvalidError):
        duration_us(text)
