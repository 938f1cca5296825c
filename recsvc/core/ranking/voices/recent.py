"""Recent: where the walk leads from the reader's latest items alone.

The usual walk hears a whole history, the very latest a little louder. Where interests change faster
than that, training wakes this voice, for which what was read ten items ago is long forgotten.
"""

from recsvc.core.ranking.voice import History, ReaderVoice, VoiceSource
from recsvc.core.ranking.voices.next import lately
from recsvc.core.ranking.voices.walk import Walked, similar

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
        learned, rows = history.model.learned, history.rows
        if learned is None or len(rows) == 0:
            return None
        loud = lately(history.evidence, _FADE)
        scores = similar(learned, rows, loud, history.model.n)
        return Walked(scores, 1.0, learned=learned, history=rows, loud=loud)
