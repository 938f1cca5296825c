"""Linear: what the reader's items foretell, each as far as the others do not say it already.

The voice is silent until training finds that a site's readers are better off with it, as where few
items have many readers each. Where they are not, no list is kept, and nothing is computed.
"""

import msgspec
import numpy as np

from recsvc.core.model.model import Model
from recsvc.core.ranking.voice import Asked, History, Matrix, ReaderVoice, Rows, VoiceSource
from recsvc.core.ranking.voices.walk import Walked, about_to_walk, loudness, shares_of_sum, walked


class Foretold(Walked, frozen=True, kw_only=True):
    """What the reader's items foretell."""

    taken = "sum"

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): the score is a sum, and each item has its part."""
        return shares_of_sum(self.learned, rows, self.history, self.loud)

    def costs(self, rows: Rows, shares: Matrix) -> Matrix:
        """Return (k, m): a sum loses what an item adds."""
        return shares


class Linear(ReaderVoice):
    """Says how much the reader's items foretell an item."""

    name = "linear"
    source: VoiceSource = "similar"
    reason = "similar"
    words = "Goes with what you read"
    usual = 0.0

    def has_words(self, model: Model) -> bool:
        """Return whether training kept a list."""
        return model.learned is not None and model.learned.linear is not None

    def to_reader(self, history: History) -> Walked | None:
        """Return what the history foretells; None where no list was kept."""
        return walked(self.asked(history))

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores still to be computed."""
        learned, rows = history.model.learned, history.rows
        if learned is None or learned.linear is None or len(rows) == 0:
            return None
        ours = msgspec.structs.replace(learned, neighbours=learned.linear, added=None)
        loud = loudness((history.evidence > 0).astype(np.float32), history.params.just_read)
        scores = np.empty(history.model.n, np.float32)
        return about_to_walk(Foretold(scores, learned=ours, history=rows, loud=loud))
