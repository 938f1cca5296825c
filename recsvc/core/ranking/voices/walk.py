"""Similar: where the readers of what was just read went on to, along the walk between items.

The lists of all items of a history add up, the latest loudest. The square root keeps the few items that
a short history leads to from drowning everything else.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Learned

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

# Each step back in the history halves what just having read an item adds to its weight.
_FADE = 0.5
_MAX_INTERACTIONS = 500


def voices(evidence: Vector, just_read: float) -> Vector:
    """Return (m,) how loud each item of a history leads on.

    Args:
        evidence: (m,) latest last; what is disliked leads nowhere.
        just_read: how much louder the very latest is: 1 doubles it.
    """
    loud = 1 + just_read * _FADE ** np.arange(len(evidence) - 1, -1, -1)
    loud[: max(0, len(evidence) - _MAX_INTERACTIONS)] = 0
    led: Vector = (np.maximum(evidence, 0) * loud).astype(np.float32)
    return led


def similar(learned: Learned, rows: Rows, loud: Vector, n: int) -> Vector:
    """Return (n,) scores.

    Args:
        rows: (m,) rows interacted with.
        loud: (m,) how loud each leads on.
    """
    spoken = np.flatnonzero(loud)
    scores: Vector = np.sqrt(_led(learned, rows[spoken], loud[spoken], n))
    return scores


def shares(learned: Learned, rows: Rows, history: Rows, loud: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to the score of each row.

    Args:
        rows: (k,).
        history: (m,).
        loud: (m,).
    """
    n = len(learned.factors)
    at = np.full(n, -1)
    at[rows] = np.arange(len(rows))
    added = np.zeros((len(rows), len(history)), np.float32)
    for places, into, weights in _entries(learned, history):
        wanted = at[into] >= 0
        where = places[wanted]
        np.add.at(added, (at[into[wanted]], where), weights[wanted] * loud[where])
    added /= np.sqrt(np.maximum(added.sum(axis=1, keepdims=True), 1e-12))
    return added


def _led(learned: Learned, rows: Rows, loud: Vector, n: int) -> Vector:
    scores = np.zeros(n)
    for places, into, weights in _entries(learned, rows):
        scores += np.bincount(into, weights * loud[places], minlength=n)
    return scores.astype(np.float32)


def _entries(learned: Learned, rows: Rows) -> list[tuple[Rows, NDArray[np.int32], Vector]]:
    """Return (place in `rows`, item led to, weight) of what leads on, by list."""
    found = []
    for lists in (learned.neighbours, learned.added):
        if lists is not None:
            inside = np.flatnonzero(rows < lists.n)
            places, into, weights = lists.of(rows[inside])
            found.append((inside[places], into, weights))
    return found
