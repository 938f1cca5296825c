"""How broad lists are: the different items that twenty readers are shown, whoever they are.

How many different items a variant showed grows with its readers, and of two variants one always has
more. So a sample of equal size is foreseen for both: of n readers of whom n_i were shown item i, m drawn
at random have been shown

    Σ_i 1 − C(n − n_i, m) / C(n, m)

different items (Hurlbert: "The nonconcept of species diversity", Ecology 1971, by readers). It is a
U-statistic, so that it varies like m times the mean of what each reader adds to it (Hoeffding: "A class
of statistics with asymptotically normal distribution", Ann. Math. Stat. 1948): an item counts for as
much as others are likely to lack it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from recsvc.core.experiments.sequential import Rate

SAMPLE = 20

Numbers = NDArray[np.int64]


def breadth(readers: Numbers, items: Numbers, n: int) -> Rate:
    """Return how many different items `SAMPLE` readers are shown; 0 with fewer than that.

    Args:
        readers, items: (k,) who was shown what, as numbers from 0, each pair once.
        n: readers, those who were shown nothing included.
    """
    if n < SAMPLE:
        return Rate(n, 0.0, 0.0)
    shown_to = np.bincount(items) if len(items) else np.zeros(0, np.int64)
    value = float((1 - _missed(n, shown_to, SAMPLE)).sum())
    # Of a reader who was shown an item: how likely the rest of the sample was not.
    alone = _missed(n - 1, shown_to - 1, SAMPLE - 1)[items]
    added = np.bincount(readers, alone, n)
    return Rate(n, value, float(SAMPLE**2 * added.var(ddof=1)))


def _missed(n: int, shown_to: Numbers, m: int) -> NDArray[np.float64]:
    """Return (i,) how likely none of m of n readers is one of so many."""
    others = n - np.maximum(shown_to, 0)
    can_be = others >= m
    left = np.where(can_be, others, m)
    log_share = gammaln(left + 1) - gammaln(left - m + 1) - gammaln(n + 1) + gammaln(n - m + 1)
    return np.where(can_be, np.exp(log_share), 0.0)
