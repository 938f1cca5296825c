"""Made-up experiments: readers who come back, of differing taste and zeal, looked at after each day."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.breadth import breadth
from recsvc.core.experiments.experiment import Experiment, Variant
from recsvc.core.experiments.report import Tally, report
from recsvc.core.experiments.sequential import (
    ALPHA,
    Rate,
    above_nothing,
    difference,
    power,
    rate,
)

DAYS, READERS = 28, 2_000


class Outcome(NamedTuple):
    """What became of one experiment.

    Attributes:
        is_flagged: whether it was called different at any time of looking.
        is_covered: whether the true difference was in the interval at every time.
        power: how likely it was to be found by its last day, at least.
    """

    is_flagged: bool
    is_covered: bool
    power: float


def experiment(rng: np.random.Generator, lift: float, readers: int = READERS) -> Outcome:
    """Return what becomes of an experiment in which the second variant is so much better."""
    is_second = rng.random(readers) < 0.5
    zeal = rng.lognormal(-1.0, 1.0, readers)  # lists a day
    taste = rng.beta(2, 8, readers)  # clicks a list
    true = np.minimum(1, taste * np.where(is_second, 1 + lift, 1))
    lists = rng.poisson(zeal, (DAYS, readers))
    clicks = rng.binomial(lists, true).cumsum(0)
    lists = lists.cumsum(0)
    delta = lift * 0.2  # what taste is on the whole
    flagged, covered = False, True
    for day in range(DAYS):
        found = _looked(clicks[day], lists[day], is_second)
        if found.p is not None and found.low is not None and found.high is not None:
            flagged |= found.p <= ALPHA
            covered &= found.low <= delta <= found.high
    ours, theirs = _rates(clicks[-1], lists[-1], is_second)
    n = ours.n + theirs.n
    variance = n * (ours.variance / ours.n + theirs.variance / theirs.n)
    return Outcome(flagged, covered, power(n, delta, variance))


def interleaved(rng: np.random.Generator, lift: float, readers: int = READERS) -> Outcome:
    """Return the same where each reader is shown lists of both, half of whose places are either's."""
    zeal, taste = rng.lognormal(-1.0, 1.0, readers), rng.beta(2, 8, readers)
    lists = rng.poisson(zeal, (DAYS, readers))
    ours = rng.binomial(lists, taste / 2).cumsum(0)
    theirs = rng.binomial(lists, np.minimum(1, taste * (1 + lift)) / 2).cumsum(0)
    lists = lists.cumsum(0)
    more = theirs - ours
    delta = lift * 0.2 / 2
    flagged, covered, last = False, True, Rate(0, 0.0, 0.0)
    for day in range(DAYS):
        came = lists[day] > 0
        last = rate(more[day][came].astype(float), lists[day][came].astype(float))
        found = above_nothing(last)
        if found.p is not None and found.low is not None and found.high is not None:
            flagged |= found.p <= ALPHA
            covered &= found.low <= delta <= found.high
    return Outcome(flagged, covered, power(last.n, delta, last.variance))


def _looked(clicks: NDArray[np.int64], lists: NDArray[np.int64], is_second: NDArray[np.bool_]):
    return difference(*_rates(clicks, lists, is_second))


def _rates(clicks: NDArray[np.int64], lists: NDArray[np.int64], is_second: NDArray[np.bool_]):
    """Of those who came by then, as the log would have them."""
    came = lists > 0
    first, second = came & ~is_second, came & is_second
    return (
        rate(clicks[second].astype(float), lists[second].astype(float)),
        rate(clicks[first].astype(float), lists[first].astype(float)),
    )


def guarded(rng: np.random.Generator, readers: int, days: int) -> dict[str, str]:
    """Return which variant is stopped, and why, of two that are alike."""
    made = Experiment("x", (Variant("a"), Variant("b")), 0)
    popular = np.arange(1, 201) ** -0.8
    popular /= popular.sum()
    is_second = rng.random(readers) < 0.5
    zeal, taste = rng.lognormal(-1.0, 1.0, readers), rng.beta(2, 8, readers)
    slow = rng.lognormal(np.log(10), 0.4, readers)
    lists, clicks, empty, took = np.zeros((4, readers))
    seen = np.zeros((readers, len(popular)), bool)
    for _ in range(days):
        new = rng.poisson(zeal)
        lists += new
        clicks += rng.binomial(new, taste)
        empty += rng.binomial(new, 0.01)
        took += slow * new * rng.lognormal(0, 0.3, readers)
        for reader in np.flatnonzero(new):
            seen[reader, rng.choice(len(popular), min(10 * new[reader], 60), p=popular)] = True
        tallies = []
        for side in (~is_second, is_second):
            came = side & (lists > 0)
            sums = {"clicks": clicks[came], "empty": empty[came], "latency": took[came]}
            sums |= dict.fromkeys(("votes", "reads", "returns"), np.zeros(came.sum()))
            broad = breadth(*np.nonzero(seen[came]), int(came.sum()))
            tallies.append(Tally(lists[came], sums, breadth=broad))
        worse = report(made, tallies, 0, 1.0, 0).worse()
        if worse:
            return worse
    return {}
