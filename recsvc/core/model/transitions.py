"""Transitions: which items readers go for next, directed and soon, learned from the order of histories.

From item i to item j that the same reader went for later, by s steps and t days:

    w_ij = Σ_readers 1/s · 2^(−t / 30) / n_i,     s ≤ 5,  n_i the readers of i

Kamehkhosh, Jannach, Ludewig: "A Comparison of Frequent Pattern Techniques and a Deep Learning Method
for Session-Based Recommendation" (RecTemp at RecSys 2017), sequential rules, with decay over time.
Of two items of the same instant nobody knows which came first: each leads to the other half as much.
The walk (`neighbours`) forgets order; this remembers nothing else.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.top_k import top_per_row

WIDTH = 32

REACH = 5
HALF_LIFE_US = 30 * DAY_US
# What a reader did long ago teaches the order of today little.
LATEST = 200
_CHUNK = 1 << 19

Rows = NDArray[np.int64]


def transitions(
    evidence: sp.csr_matrix, latest_us: sp.csr_matrix, chunk: int = _CHUNK
) -> sp.csr_matrix:
    """Return the (n_items, n_items) weights, the largest 32 of each row, never itself.

    Args:
        evidence: (n_users, n_items); what is not positive leads nowhere.
        latest_us: (n_users, n_items) when the latest event behind each was, of the same entries.
        chunk: events that are looked at together, which bounds memory.
    """
    n = evidence.shape[1]
    items, users, at_us = _ordered(evidence, latest_us)
    by_item = np.argsort(items, kind="stable")
    sizes = np.bincount(items, minlength=n)
    parts = []
    for first, last in _chunks(sizes, chunk):
        lo, hi = sizes[:first].sum(), sizes[:last].sum()
        found = [
            _after(by_item[lo:hi], steps, users, at_us)
            for steps in (*range(1, REACH + 1), *range(-REACH, 0))
        ]
        here = np.concatenate([f[0] for f in found])
        there = np.concatenate([f[1] for f in found])
        weights = np.concatenate([f[2] for f in found]) / sizes[items[here]]
        at = (items[here] - first, items[there])
        led = sp.csr_matrix((weights.astype(np.float32), at), shape=(last - first, n))
        parts.append(top_per_row(led, WIDTH))
    return sp.vstack(parts, format="csr", dtype=np.float32)


def _ordered(
    evidence: sp.csr_matrix, latest_us: sp.csr_matrix
) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return items, readers and instants of what was gone for, reader by reader, the latest last."""
    users = np.repeat(np.arange(evidence.shape[0]), np.diff(evidence.indptr))
    liked = evidence.data > 0
    users, items, at_us = users[liked], evidence.indices[liked], latest_us.data[liked]
    order = np.lexsort((items, at_us, users))
    users, items, at_us = users[order], items[order].astype(np.int64), at_us[order]
    ends = np.cumsum(np.bincount(users, minlength=evidence.shape[0]))
    kept = np.arange(len(users)) >= ends[users] - LATEST
    return items[kept], users[kept], at_us[kept]


def _chunks(sizes: Rows, chunk: int) -> list[tuple[int, int]]:
    """Return stretches of items, (first, behind the last), that have few events together."""
    stretch = np.cumsum(sizes) // chunk
    starts = [0, *(np.flatnonzero(np.diff(stretch)) + 1).tolist()]
    return list(zip(starts, [*starts[1:], len(sizes)], strict=True))


def _after(
    places: Rows, steps: int, users: Rows, at_us: NDArray[np.float64]
) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return (place, place so many steps on, weight) where that is the same reader's.

    Steps back count only within an instant.
    """
    others = places + steps
    inside = (others >= 0) & (others < len(users))
    here, there = places[inside], others[inside]
    gaps = np.abs(at_us[there] - at_us[here])
    counts = (users[here] == users[there]) & ((steps > 0) | (gaps == 0))
    here, there, gaps = here[counts], there[counts], gaps[counts]
    halved = np.where(gaps == 0, 0.5, 1.0)
    return here, there, halved * np.exp2(-gaps / HALF_LIFE_US) / abs(steps)
