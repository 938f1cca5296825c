"""What may be said of a difference at any time of looking, however often one has looked before.

A p-value of a usual test holds at one time that was chosen beforehand, and not for who looks each day
and stops at the first 0.05. These hold at all times together: with probability 1 − α the true difference
stays within its interval for ever.

The interval is an asymptotic confidence sequence by the normal mixture (Robbins: "Statistical methods
related to the law of the iterated logarithm", Ann. Math. Stat. 1970; Waudby-Smith and others:
"Time-uniform central limit theory and asymptotic confidence sequences", Ann. Stat. 2024):

    δ ± σ √( 2 (n ρ² + 1) / (n² ρ²) · ln( √(n ρ² + 1) / α ) )

over n units of variance σ², and its p-value the smallest α that leaves 0 outside. ρ says at which n it
is tightest. Units are readers, not lists: what one reader does on several lists hangs together. A rate
is a ratio of two sums over readers, linearised (Deng, Knoblich, Lu: "Applying the delta method in metric
analytics", KDD 2018).

Whether readers were dealt out as planned is asked likewise, by a Dirichlet mixture against the shares
(Lindon, Malek: "Anytime-valid inference for multinomial count data", NeurIPS 2022): exact at any time.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

ALPHA = 0.05
TIGHTEST_AT = 5_000
FEWEST = 50

_CONCENTRATION = 100.0  # of the mixture about the shares, as in Lindon's own code

Values = NDArray[np.float64]


class Rate(msgspec.Struct, frozen=True):
    """A ratio of two sums over readers.

    Attributes:
        n: readers.
        variance: of what one reader contributes to the ratio.
    """

    n: int
    value: float
    variance: float


NO_RATE = Rate(0, 0.0, 0.0)


class Difference(msgspec.Struct, frozen=True):
    """How much larger a rate is than another's.

    Attributes:
        low, high: where it is with probability 1 − α, at any time of looking.
        p: always valid; None, as these, where all did alike or with too few readers.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None


def rate(numerators: Values, denominators: Values) -> Rate:
    """Return the ratio of two sums over readers; 0 where the denominators are.

    Args:
        numerators, denominators: (n,), one of each reader.
    """
    n, total = len(numerators), float(denominators.sum())
    if n < 2 or total <= 0:
        return Rate(n, 0.0, 0.0)
    value = float(numerators.sum()) / total
    residuals = (numerators - value * denominators) * (n / total)
    return Rate(n, value, float(residuals.var(ddof=1)))


def difference(rate: Rate, control: Rate, alpha: float = ALPHA) -> Difference:
    """Return how much larger a rate is than the control's."""
    value = rate.value - control.value
    if min(rate.n, control.n) < FEWEST:
        return Difference(value, None, None, None)
    n = rate.n + control.n
    return _told(value, n, n * (rate.variance / rate.n + control.variance / control.n), alpha)


def above_nothing(rate: Rate, alpha: float = ALPHA) -> Difference:
    """Return how much larger than 0 a rate is that is itself a difference."""
    if rate.n < FEWEST:
        return Difference(rate.value, None, None, None)
    return _told(rate.value, rate.n, rate.variance, alpha)


def _told(value: float, n: int, variance: float, alpha: float) -> Difference:
    if variance <= 0:  # nobody did anything else than anybody: that is no certainty
        return Difference(value, None, None, None)
    wide = half_width(n, variance, alpha)
    return Difference(value, value - wide, value + wide, p_value(n, value, variance))


def half_width(n: int, variance: float, alpha: float = ALPHA) -> float:
    """Return how far the interval reaches to each side after n units."""
    told = n * _rho(alpha) ** 2
    widest = 2 * (told + 1) / (n * told) * math.log(math.sqrt(told + 1) / alpha)
    return math.sqrt(variance * widest)


def p_value(n: int, value: float, variance: float, alpha: float = ALPHA) -> float:
    """Return the smallest α whose interval leaves 0 outside; 1 where none does.

    Args:
        alpha: for which the mixture is tightest.
    """
    if variance <= 0:
        return 1.0
    told = n * _rho(alpha) ** 2
    exponent = n * value**2 / variance * told / (2 * (told + 1))
    return min(1.0, math.sqrt(told + 1) * math.exp(-exponent))


def power(n: int, value: float, variance: float, alpha: float = ALPHA) -> float:
    """Return how likely a true difference is found by the time there are n units, at least."""
    error = math.sqrt(variance / n)
    wide = half_width(n, variance, alpha)
    return float(ndtr((abs(value) - wide) / error) + ndtr((-abs(value) - wide) / error))


def mismatch_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return how likely counts so unlike the shares are, at any time of looking."""
    n, k = np.asarray(counts, float), np.asarray(shares, float)
    prior = _CONCENTRATION * k
    log_mixture = gammaln(prior.sum()) - gammaln(prior.sum() + n.sum())
    log_mixture += (gammaln(prior + n) - gammaln(prior)).sum()
    return float(min(1.0, math.exp(min(0.0, float((n * np.log(k)).sum() - log_mixture)))))


def _rho(alpha: float) -> float:
    """Return the mixture's ρ, by which the interval is tightest after `TIGHTEST_AT` units (ibid.)."""
    told = -2 * math.log(alpha)
    return math.sqrt((told + math.log(told + 1)) / TIGHTEST_AT)
