import msgspec
import numpy as np
import pytest

from recsvc.core.experiments.off_policy import Places, by_share, effective_size, estimate
from recsvc.errors import InvalidError
from tests.core.experiments.logged import SHARE, covered, earned, log

NAMES = ("inverse_propensity", "self_normalised", "doubly_robust")


def test_what_was_logged_is_what_the_same_policy_earns():
    found = estimate(log(np.random.default_rng(1), 400, SHARE))

    for name in NAMES:
        assert getattr(found, name).value == pytest.approx(found.logged.value, rel=0.01)
    assert found.effective == pytest.approx(found.places)


def test_estimates_are_their_definitions_on_a_small_log():
    rng = np.random.default_rng(2)
    n = 1_000
    who, rewards = rng.integers(0, 60, n), rng.integers(0, 2, n).astype(float)
    weights, predicted, expected = rng.random((3, n))
    found = estimate(Places(who, rewards, weights, predicted, expected))

    assert found.inverse_propensity.value == pytest.approx((weights * rewards).mean())
    assert found.self_normalised.value == pytest.approx((weights * rewards).sum() / weights.sum())
    robust = (expected + weights * (rewards - predicted)).mean()
    assert found.doubly_robust.value == pytest.approx(robust)


def test_intervals_hold_the_truth_and_the_naive_one_does_not():
    """In short; `python -m bench.off_policy` has it of 1,000."""
    runs = [covered(np.random.default_rng(seed), 200, 0.5) for seed in range(100)]

    for name in NAMES:
        assert sum(run[name] for run in runs) >= 86, name
    assert sum(run["logged"] for run in runs) <= 5


def test_a_prediction_that_is_right_narrows_the_interval():
    rng = np.random.default_rng(3)
    places = log(rng, 500, 0.5)
    nothing = np.zeros(len(places.predicted))
    blind = estimate(msgspec.structs.replace(places, predicted=nothing, expected=nothing))
    told = estimate(places)

    def width(one):
        return one.doubly_robust.high - one.doubly_robust.low

    assert width(told) < width(blind)
    assert blind.doubly_robust.value == pytest.approx(blind.inverse_propensity.value)
    assert told.doubly_robust.value == pytest.approx(earned(0.5), rel=0.15)


def test_where_the_log_has_too_little_of_it_there_is_no_answer():
    few_readers = log(np.random.default_rng(4), 40, 0.5)
    with pytest.raises(InvalidError, match="40 readers"):
        estimate(few_readers)
    places = log(np.random.default_rng(5), 200, 0.5)
    weights = np.zeros(len(places.weights))
    weights[:150] = 1  # all the others show what the policy never would
    with pytest.raises(InvalidError, match="come to 150"):
        estimate(msgspec.structs.replace(places, weights=weights))
    with pytest.raises(InvalidError, match=" 0 of them"):
        estimate(msgspec.structs.replace(places, rewards=np.zeros(len(places.rewards))))
    none = np.empty(0)
    with pytest.raises(InvalidError, match="0 readers"):
        estimate(Places(np.empty(0, np.int64), none, none, none, none))


def test_the_weights_of_another_share_come_to_one():
    rng = np.random.default_rng(6)
    is_explored = rng.random(100_000) < 0.1
    weights = by_share(is_explored, np.full(100_000, 0.1), 0.4)

    assert weights.mean() == pytest.approx(1, abs=0.02)
    assert effective_size(np.ones(50)) == 50
    assert effective_size(np.zeros(5)) == 0
