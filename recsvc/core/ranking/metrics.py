"""Metrics: how good a ranked list was, against what its reader went for afterwards.

    recall@k = hits among the first k / targets
    NDCG@k   = Σ_{hits at position p < k} 1/log2(p + 2)  /  the same of the best possible list
    MRR      = 1 / (position of the first hit + 1), 0 without one

Relevance is binary; NDCG as in Järvelin, Kekäläinen: "Cumulated Gain-Based Evaluation of IR Techniques"
(TOIS 2002). Everything that can be listed is ranked: metrics over a sample of negatives do not order
methods as those over everything do (Krichene, Rendle: "On Sampled Metrics for Item Recommendation",
KDD 2020).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Vector = NDArray[np.float64]

_RESAMPLES = 1_000


class Interval(msgspec.Struct, frozen=True):
    """A mean, and where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def hits(listed: Rows, targets: Rows) -> NDArray[np.bool_]:
    """Return (k,) which places of a list were hits."""
    return np.isin(listed, targets)


def recall(hit: NDArray[np.bool_], n_targets: int, k: int) -> float:
    """Return recall@k; there must be a target."""
    return float(hit[:k].sum() / n_targets)


def ndcg(hit: NDArray[np.bool_], n_targets: int, k: int) -> float:
    """Return NDCG@k; there must be a target."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    return float(hit[:k] @ gains[: len(hit[:k])] / gains[: min(n_targets, k)].sum())


def reciprocal_rank(hit: NDArray[np.bool_]) -> float:
    """Return one over the 1-based rank of the first hit, 0 without one."""
    return float(1 / (hit.argmax() + 1)) if hit.any() else 0.0


def coverage(listed: list[Rows], k: int, n_items: int) -> float:
    """Return the share of the items that somebody's first k show."""
    shown = np.unique(np.concatenate([rows[:k] for rows in listed])) if listed else np.empty(0)
    return len(shown) / max(n_items, 1)


def novelty(listed: list[Rows], k: int, support: Vector, n_users: int) -> float:
    """Return the mean self-information of what is shown, in bits: how unexpected it is.

    -log2 of the share of readers who went for the item already (Zhou et al., PNAS 2010), one reader
    added to those of every item.
    """
    if not listed:
        return 0.0
    information = -np.log2((support + 1) / (n_users + 1))
    means = [information[rows[:k]].mean() for rows in listed if len(rows)]
    return float(np.mean(means)) if means else 0.0


def interval(values: Vector, rng: np.random.Generator) -> Interval:
    """Return the mean of what readers got, with its percentile bootstrap interval.

    Efron, Tibshirani: "An Introduction to the Bootstrap" (1993), chapter 13; readers are resampled.
    """
    if len(values) == 0:
        return Interval(0.0, 0.0, 0.0)
    means = _resampled_means(values, rng)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def paired_interval(ours: Vector, theirs: Vector, rng: np.random.Generator) -> Interval:
    """Return the mean difference of two methods over the same readers, with its interval."""
    return interval(ours - theirs, rng)


def _resampled_means(values: Vector, rng: np.random.Generator) -> Vector:
    n = len(values)
    # How often each reader is drawn is all a mean needs; in parts, to bound the memory.
    means = np.empty(_RESAMPLES)
    step = max(1, 2_000_000 // n)
    for start in range(0, _RESAMPLES, step):
        size = min(step, _RESAMPLES - start)
        means[start : start + size] = values[rng.integers(0, n, (size, n))].mean(axis=1)
    return means
