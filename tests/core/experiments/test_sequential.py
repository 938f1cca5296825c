import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from recsvc.core.experiments.experiment import Experiment, Variant
from recsvc.core.experiments.report import MEASURES, Tally, report
from recsvc.core.experiments.sequential import (
    ALPHA,
    Rate,
    above_nothing,
    difference,
    half_width,
    mismatch_p,
    p_value,
    rate,
)
from tests.core.experiments.simulated import experiment

# What gbstats 0.8.0 (`SequentialTwoSidedTTest` of two `RatioStatistic`s, absolute, tuned to 5,000) says
# of the same numbers: readers of either side, lift; difference, low, high, p.
BY_GBSTATS = [
    (60, 80, 0.0, -0.0351861845, -0.2419580771, 0.1715857080, 1.0),
    (400, 380, 0.3, 0.0780879352, 0.0236743061, 0.1325015642, 0.0013653730),
    (3000, 3100, 0.1, 0.0159706765, 0.0002965966, 0.0316447564, 0.0426203333),
    (20000, 5000, 0.2, 0.0420722981, 0.0315680386, 0.0525765576, 1.0578435664e-33),
    (500, 500, 1.0, 0.1732720492, 0.1245368653, 0.2220072330, 1.4164293512e-19),
]  # fmt: skip


def clicks_and_lists(rng, n, lift):
    lists = rng.poisson(3, n) + 1
    return rng.binomial(lists, 0.2 * (1 + lift)).astype(float), lists.astype(float)


@pytest.mark.parametrize("seed", range(len(BY_GBSTATS)))
def test_differences_are_those_of_gbstats(seed):
    n, m, lift, *expected = BY_GBSTATS[seed]
    rng = np.random.default_rng(seed)
    control, other = (rate(*clicks_and_lists(rng, *arm)) for arm in ((n, 0.0), (m, lift)))
    found = difference(other, control)

    assert [found.value, found.low, found.high, found.p] == pytest.approx(expected, rel=1e-6)


def test_the_p_value_is_where_the_interval_lets_go_of_zero():
    for n, value, variance in ((200, 0.2, 1.0), (9_000, 0.03, 0.6)):
        assert (p_value(n, value, variance) <= ALPHA) == (value > half_width(n, variance))
        just = half_width(n, variance)
        assert p_value(n, just, variance) == pytest.approx(ALPHA)


def test_with_too_few_readers_nothing_is_said():
    few, many = Rate(49, 0.5, 1.0), Rate(1_000, 0.1, 1.0)

    assert difference(few, many).p is None
    assert difference(many, few).low is None


def test_where_nobody_did_anything_nothing_is_certain():
    nobody = rate(np.zeros(1_000), np.ones(1_000))

    assert (difference(nobody, nobody).low, difference(nobody, nobody).p) == (None, None)
    assert above_nothing(nobody).high is None


@pytest.mark.parametrize(("ours", "theirs"), [(50, 50), (300, 240), (30, 200)])
def test_a_mismatch_is_the_mixture_against_the_share(ours, theirs):
    n = ours + theirs

    def mixed(x: float) -> float:
        # of the counts under any share x, against half, weighed by how likely x was thought
        return float((2 * x) ** ours * (2 * (1 - x)) ** theirs * beta.pdf(x, 50, 50))

    expected = min(1.0, 1 / quad(mixed, 0, 1, points=[ours / n], limit=200)[0])
    assert mismatch_p([ours, theirs], [0.5, 0.5]) == pytest.approx(expected, rel=1e-4)


def test_readers_dealt_out_as_meant_are_seldom_called_otherwise_at_any_time_and_others_are():
    rng = np.random.default_rng(7)
    called = 0
    for _ in range(100):
        first = (rng.random(3_000) < 0.3).cumsum()
        looks = [(first[n], n + 1 - first[n]) for n in range(49, 3_000, 50)]
        called += any(mismatch_p(counts, [0.3, 0.7]) < 0.05 for counts in looks)

    assert called <= 10
    assert mismatch_p([5_300, 4_700], [0.5, 0.5]) < 1e-4


def test_two_alike_are_seldom_called_different_whenever_one_looks():
    """In short; `python -m bench.experiments` has it of 1,000, with the power."""
    found = [experiment(np.random.default_rng(seed), 0.0, 400) for seed in range(40)]

    assert sum(one.is_flagged for one in found) <= 4
    assert sum(one.is_covered for one in found) >= 36


def test_a_tenth_more_is_found_about_as_often_as_foretold():
    found = [experiment(np.random.default_rng(seed), 0.1, 8_000) for seed in range(8)]

    foretold = sum(one.power for one in found)
    assert 5 <= foretold <= 8
    assert sum(one.is_flagged for one in found) >= 0.6 * foretold


def tally(rng, n, lift=0.0):
    clicks, lists = clicks_and_lists(rng, n, lift)
    sums = dict.fromkeys(MEASURES, np.zeros(n)) | {"clicks": clicks}
    return Tally(lists, sums, 10)


def test_a_report_says_what_was_found_and_nothing_where_readers_were_dealt_out_otherwise():
    rng = np.random.default_rng(3)
    of = Experiment("x", (Variant("control"), Variant("b"), Variant("c")), 0)
    found = report(of, [tally(rng, 2_000), tally(rng, 2_000, 0.6), tally(rng, 2_000)], 0, 1.0, 5)

    assert "b: higher (p" in found.verdict("clicks")
    assert "c: no difference found yet" in found.verdict("clicks")
    assert found.arms[1].figures["clicks"].lift == pytest.approx(0.6, abs=0.1)
    assert found.worse() == {}
    skewed = report(of, [tally(rng, 2_000), tally(rng, 900), tally(rng, 2_000)], 0, 1.0, 5)
    assert skewed.is_mismatched
    assert skewed.verdict("clicks").startswith("Nothing")
    worse = report(of, [tally(rng, 2_000), tally(rng, 2_000), tally(rng, 2_000, -0.5)], 0, 1.0, 5)
    assert list(worse.worse()) == ["c"]
    assert worse.worse()["c"].startswith("clicks per list: 0.")
