"""Next: what readers went for right after the items that this reader went for last.

Only the latest items speak, each half as loud as the one after it. The voice is silent until training
finds that a site is read in an order: then what comes next says more than what goes together.

Unlike the walk's its scores stand as they are, without a square root: what was seen once is mostly
chance, and must not come near to what was seen again and again.
"""

import msgspec
import numpy as np

from recsvc.core.ranking.voice import Asked, History, Matrix, ReaderVoice, Rows, Scores, VoiceSource
from recsvc.core.ranking.voices.walk import Walked, about_to_walk, walked

_LATEST = 10
_FADE = 0.5


class Followed(Walked, frozen=True, kw_only=True):
    """Where the reader's latest items led others."""

    taken = "squared"

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): each item adds what readers went on to from it."""
        under_root = super().shares(rows)
        added: Matrix = under_root * under_root.sum(axis=1, keepdims=True)
        return added

    def costs(self, rows: Rows, shares: Matrix) -> Matrix:
        """Return (k, m): the score is a sum, and loses what an item adds."""
        return shares


class Next(ReaderVoice):
    """Says how often and how soon readers went for an item after the reader's latest ones."""

    name = "next"
    source: VoiceSource = "similar"
    reason = "similar"
    words = "Often read next"
    usual = 0.0

    def to_reader(self, history: History) -> Walked | None:
        """Return where the latest items lead; None while nothing was learned."""
        return walked(self.asked(history))

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores still to be computed."""
        learned, rows = history.model.learned, history.rows
        if learned is None or len(rows) == 0:
            return None
        ordered = msgspec.structs.replace(learned, neighbours=learned.transitions, added=None)
        loud = lately(np.minimum(history.evidence, 1), _FADE)
        scores = np.empty(history.model.n, np.float32)
        return about_to_walk(Followed(scores, learned=ordered, history=rows, loud=loud))


def lately(evidence: Scores, fade: float) -> Scores:
    """Return (m,) how loud each item of a history is when only the latest speak.

    Args:
        evidence: (m,) latest last; what is disliked says nothing.
        fade: how much of its loudness each has that came one earlier.
    """
    liked = np.flatnonzero(evidence > 0)[-_LATEST:]
    loud = np.zeros(len(evidence), np.float32)
    loud[liked] = evidence[liked] * fade ** np.arange(len(liked) - 1, -1, -1)
    return loud
