"""Off-policy estimates: what lists would have earned that were made otherwise than those in the log.

Chance decided some of what was shown, with known probability, so that each place that was shown stands
for w = π(what it shows) / p(what it shows) places of the policy π that is asked about (Horvitz,
Thompson: "A generalization of sampling without replacement from a finite universe", JASA 1952). Three
estimates of what a place earns:

    inverse propensity    Σ w r / n
    self-normalised       Σ w r / Σ w         (Swaminathan, Joachims: "The self-normalized estimator for
                                               counterfactual learning", NeurIPS 2015)
    doubly robust         Σ (q̂_π + w (r − q̂)) / n    (Dudík, Langford, Li, ICML 2011)

where q̂ predicts what a place earns that shows what it shows, and q̂_π what the policy's would. The second
bears weights whose sum is off by chance, the third varies least where q̂ predicts anything.

Readers are the unit, as in experiments: intervals are normal ones of ratios of sums over readers, and
hold at one time of looking. They are good where many places stand for the policy: how many is
(Σ w)² / Σ w² (Kong: "A note on importance sampling using standardized weights", 1992). With too few no
answer is given. What π shows and the log never could has no weight: who asks has to see to that.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.sequential import Rate, rate
from recsvc.errors import InvalidError

# Readers, places that stand for the policy, and places that earned anything.
_FEWEST = (50, 200, 20)

_NORMAL_95 = 1.959964

Values = NDArray[np.float64]


class Places(msgspec.Struct, frozen=True):
    """Places that were shown, each (n,).

    Attributes:
        readers: to whom, as numbers from 0.
        rewards: what they earned.
        weights: π / p of what they show.
        predicted: what such a place was thought to earn.
        expected: what it was thought to earn if the policy had made it.
    """

    readers: NDArray[np.int64]
    rewards: Values
    weights: Values
    predicted: Values
    expected: Values


class Interval(msgspec.Struct, frozen=True):
    """An estimate, and where the truth is with 95 %."""

    value: float
    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """What a place would have earned.

    Attributes:
        logged: what a place did earn, which answers another question.
        effective: places that the policy's estimate comes to.
    """

    logged: Interval
    inverse_propensity: Interval
    self_normalised: Interval
    doubly_robust: Interval
    places: int
    readers: int
    effective: float


def estimate(places: Places) -> Estimate:
    """Return what places would have earned.

    Raises:
        InvalidError: when the log has too little of it to say.
    """
    effective = effective_size(places.weights)
    n_readers = int(places.readers.max()) + 1 if len(places.readers) else 0
    n_earned = int(np.count_nonzero(places.rewards * places.weights))
    told = (n_readers, effective, n_earned)
    if any(n < fewest for n, fewest in zip(told, _FEWEST, strict=True)):
        raise InvalidError(
            f"the log has too little of it to say: {n_readers:,} readers, places that come to "
            f"{effective:,.0f}, {n_earned:,} of them with what is counted; "
            "{}, {} and {} are asked for".format(*_FEWEST)
        )
    ones = np.ones(len(places.rewards))
    earned = places.weights * places.rewards
    robust = places.expected + places.weights * (places.rewards - places.predicted)

    def of(numerators: Values, denominators: Values) -> Interval:
        above, below = (
            np.bincount(places.readers, values, n_readers).astype(np.float64)
            for values in (numerators, denominators)
        )
        return _interval(rate(above, below))

    return Estimate(
        of(places.rewards, ones),
        of(earned, ones),
        of(earned, places.weights),
        of(robust, ones),
        len(ones),
        n_readers,
        effective,
    )


def effective_size(weights: Values) -> float:
    """Return how many places of equal weight say as much."""
    squares = float((weights**2).sum())
    return 0.0 if squares == 0 else float(weights.sum()) ** 2 / squares


def by_share(is_explored: NDArray[np.bool_], share: Values, wanted: float) -> Values:
    """Return (n,) the weights of places for a policy that explores another share of them.

    Args:
        is_explored: (n,) whether chance chose what a place shows.
        share: (n,) how likely that was; between 0 and 1.
        wanted: how likely it would be.
    """
    return np.where(is_explored, wanted / share, (1 - wanted) / (1 - share))


def _interval(found: Rate) -> Interval:
    wide = _NORMAL_95 * float(np.sqrt(found.variance / max(found.n, 1)))
    return Interval(found.value, found.value - wide, found.value + wide)
