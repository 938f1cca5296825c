import math

from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.trending import EPOCH_US, log_score

NOW_US = EPOCH_US + 900 * DAY_US
votes = st.lists(st.integers(EPOCH_US, NOW_US), min_size=1, max_size=50)
half_lives = st.sampled_from([HOUR_US, 12 * HOUR_US, 7 * DAY_US])


def brute_force(votes_us, half_life_us, now_us):
    return math.fsum(2.0 ** ((at - now_us) / half_life_us) for at in votes_us)


@given(first=votes, second=votes, half_life=half_lives)
def test_the_stored_order_is_the_order_of_the_decayed_sums(first, second, half_life):
    newest = max(first + second)
    sums = [brute_force(v, half_life, newest) for v in (first, second)]
    scores = [log_score(v, half_life) for v in (first, second)]

    if not math.isclose(sums[0], sums[1], rel_tol=1e-9):
        assert (scores[0] < scores[1]) == (sums[0] < sums[1])


@given(votes=votes, half_life=half_lives, data=st.data())
def test_the_score_depends_on_the_votes_and_not_on_their_order(votes, half_life, data):
    shuffled = data.draw(st.permutations(votes))

    assert log_score(shuffled, half_life) == log_score(votes, half_life)


@given(votes=votes)
def test_votes_that_never_fade_are_counted(votes):
    assert math.isclose(2 ** log_score(votes, math.inf), len(votes), rel_tol=1e-9)


def test_an_item_without_votes_is_under_every_other():
    assert log_score([], HOUR_US) == -math.inf
