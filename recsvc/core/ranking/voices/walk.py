"""Similar: where the readers of what was just read went on to, along the walk between items.

The lists of all items of a history add up, the latest loudest. The square root keeps the few items that
a short history leads to from drowning everything else.
"""

from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recsvc.core import compiled
from recsvc.core.compiled.moment import Led, Taken
from recsvc.core.model.model import Learned
from recsvc.core.model.neighbours import Neighbours
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Asked, Heard, History, Matrix, ReaderVoice, Rows, VoiceSource

Vector = NDArray[np.float32]

# Each step back in the history halves what just having read an item adds to its weight.
_FADE = 0.5
_MAX_INTERACTIONS = 500


class Walked(Heard, frozen=True, kw_only=True):
    """Where the reader's items lead to.

    Attributes:
        learned: whose `neighbours`, and what was added to them, lead on.
        history: (m,) rows interacted with.
        loud: (m,) how loud each leads on.
        taken: how what leads to an item becomes its score.
    """

    learned: Learned
    history: Rows
    loud: Vector
    taken: ClassVar[Taken] = "root"

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): under the square root each item has its part of the sum."""
        return shares(self.learned, rows, self.history, self.loud)

    def costs(self, rows: Rows, shares: Matrix) -> Matrix:
        """Return (k, m): of what the root of all is, the root of the others remains."""
        root = shares.sum(axis=1, keepdims=True)
        lost: Matrix = root - np.sqrt(np.maximum(root * (root - shares), 0))
        return lost


class Walk(ReaderVoice):
    """Says how much the reader's items lead to an item."""

    name = "similar"
    source: VoiceSource = "similar"
    reason = "similar"
    words = "Similar in content"
    usual_half_at = 5.0

    def weight(self, params: BlendParams) -> float:
        """Return points of one standard deviation, for a reader with a long history."""
        return params.similar

    def to_reader(self, history: History) -> Walked | None:
        """Return where the history leads to."""
        return walked(self.asked(history))

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores still to be computed."""
        learned, rows = history.model.learned, history.rows
        if learned is None or len(rows) == 0:
            return None
        loud = loudness(history.evidence, history.params.just_read)
        scores = np.empty(history.model.n, np.float32)
        return about_to_walk(Walked(scores, learned=learned, history=rows, loud=loud))


def about_to_walk(heard: Walked) -> Asked:
    """Return where a history leads to, its scores still to be computed."""
    return Asked(heard, Led(tuple(_lists(heard.learned)), heard.loud, heard.taken))


def walked(asked: Asked | None) -> Walked | None:
    """Compute the scores that are still to be, here."""
    if asked is None:
        return None
    heard = asked.heard
    assert isinstance(heard, Walked), "of what a walk is asked"
    scores = led(heard.learned, heard.history, heard.loud, len(heard.scores))
    if heard.taken != "sum":
        np.sqrt(scores, out=scores)
    if heard.taken == "squared":
        np.square(scores, out=scores)
    heard.scores[:] = scores
    return heard


def loudness(evidence: Vector, just_read: float) -> Vector:
    """Return (m,) how loud each item of a history leads on.

    Args:
        evidence: (m,) latest last; what is disliked leads nowhere.
        just_read: how much louder the very latest is: 1 doubles it.
    """
    led = np.zeros(len(evidence), np.float32)
    latest = np.maximum(evidence[-_MAX_INTERACTIONS:], 0)
    led[len(led) - len(latest) :] = latest * _steps(just_read)[_MAX_INTERACTIONS - len(latest) :]
    return led


@cache
def _steps(just_read: float) -> NDArray[np.floating[Any]]:
    """Return how loud the latest interactions are, the very latest last."""
    steps: NDArray[np.floating[Any]] = 1 + just_read * _FADE ** np.arange(
        _MAX_INTERACTIONS - 1, -1, -1
    )
    return steps


def shares(learned: Learned, rows: Rows, history: Rows, loud: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to the score of each row.

    Args:
        rows: (k,).
        history: (m,).
        loud: (m,).
    """
    added = shares_of_sum(learned, rows, history, loud)
    added /= np.sqrt(np.maximum(added.sum(axis=1, keepdims=True, dtype=np.float64), 1e-12))
    return added


def shares_of_sum(learned: Learned, rows: Rows, history: Rows, loud: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to what `led` says of each row."""
    n, fast = len(learned.factors), compiled.kernels()
    added = np.zeros((len(rows), len(history)), np.float32)
    for lists in _lists(learned):
        if fast is None:
            added += _added(lists, rows, history, loud, n)
        else:
            added += fast.walk_shares(lists, history, loud, rows, n)
    return added


def _added(
    lists: Neighbours, rows: Rows, history: Rows, loud: Vector, n: int
) -> NDArray[np.float32]:
    """Return (k, m): how much each item of a history leads to each of k rows below n."""
    at = np.full(n, -1)
    at[rows] = np.arange(len(rows))
    added = np.zeros((len(rows), len(history)), np.float32)
    places, into, weights = _entries(lists, history)
    wanted = at[into] >= 0
    where = places[wanted]
    np.add.at(added, (at[into[wanted]], where), weights[wanted] * loud[where])
    return added


def led(learned: Learned, rows: Rows, loud: Vector, n: int) -> Vector:
    """Return (n,) where rows lead to, each as loud as it is."""
    spoken = np.flatnonzero(loud)
    rows, loud = rows[spoken], loud[spoken]
    fast, sums = compiled.kernels(), np.zeros(n)
    for lists in _lists(learned):
        if fast is None:
            places, into, weights = _entries(lists, rows)
            np.add.at(sums, into, (weights * loud[places]).astype(np.float64))
        else:
            fast.walk_sums(lists, rows, loud, sums)
    return sums.astype(np.float32)


def _lists(learned: Learned) -> list[Neighbours]:
    found = (learned.neighbours, learned.added)
    return [lists for lists in found if lists is not None]


def _entries(lists: Neighbours, rows: Rows) -> tuple[Rows, NDArray[np.int32], Vector]:
    """Return (place in `rows`, item led to, weight) of what leads on."""
    inside = np.flatnonzero(rows < lists.n)
    places, into, weights = lists.of(rows[inside])
    return inside[places], into, weights
