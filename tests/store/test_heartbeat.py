"""A worker is at work, is perhaps being started again, or is silent."""

from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import SECOND_US
from recsvc.store.heartbeat import BEAT_S, is_at_work, is_silent


@given(away_s=st.floats(0, 100))
def test_nobody_is_at_work_and_silent(away_s: float):
    now = 1_000 * SECOND_US
    beat = now - int(away_s * SECOND_US)

    assert not (is_at_work(beat, now) and is_silent(beat, now))
    assert is_at_work(beat, now) or away_s > 3 * BEAT_S, "a late beat is no absence"
    assert is_silent(beat, now) == (int(away_s * SECOND_US) > 20 * SECOND_US)


@given(back_s=st.floats(21, 10**6))
def test_a_worker_that_died_before_the_clock_was_set_back_is_away(back_s: float):
    now = 10**7 * SECOND_US

    assert is_silent(now + int(back_s * SECOND_US), now)
    assert not is_at_work(now + int(back_s * SECOND_US), now)
