"""Recent: where the walk leads from the reader's latest items alone.

The usual walk hears a whole history, the very latest a little louder. Where interests change faster
than that, training wakes this voice, for which what was read ten items ago is long forgotten.
"""

import numpy as np

from recsvc.core.ranking.voice import Asked, History, ReaderVoice, VoiceSource
from recsvc.core.ranking.voices.next import lately
from recsvc.core.ranking.voices.walk import Walked, about_to_walk, walked

_FADE = 0.75


class Recent(ReaderVoice):
    """Says how much the reader's latest items lead to an item."""

    name = "recent"
    source: VoiceSource = "similar"
    reason = "similar"
    words = "Similar to what you read last"
    usual = 0.0

    def to_reader(self, history: History) -> Walked | None:
        """Return where the latest items lead to; None while nothing was learned."""
        return walked(self.asked(history))

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores still to be computed."""
        learned, rows = history.model.learned, history.rows
        if learned is None or len(rows) == 0:
            return None
        loud = lately(history.evidence, _FADE)
        scores = np.empty(history.model.n, np.float32)
        return about_to_walk(Walked(scores, learned=learned, history=rows, loud=loud))
