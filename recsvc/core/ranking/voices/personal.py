"""Personal: what readers with a like taste went for, by folding the reader into the item factors."""

from collections.abc import Iterable, Iterator

import numpy as np

from recsvc.core.model.factors import FoldIn
from recsvc.core.model.folding import folded
from recsvc.core.model.model import Model
from recsvc.core.model.reliability import trust
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Heard, History, Matrix, ReaderVoice, Rows, VoiceSource


class Taste(Heard, frozen=True):
    """What the factors say to a reader.

    Attributes:
        factors: (n, f) of the items.
        folded: the reader's, and how each of the latest interactions made them.
        n_history: m, the interactions there are.
    """

    factors: Matrix = np.empty((0, 0), np.float32)
    folded: FoldIn | None = None
    n_history: int = 0

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): fold-in is linear in the interactions, and splits exactly."""
        assert self.folded is not None, "a taste was folded in"
        influence = self.folded.influence
        shares = np.zeros((len(rows), self.n_history), np.float32)
        shares[:, self.n_history - influence.shape[1] :] = self.factors[rows] @ influence
        return shares


class Personal(ReaderVoice):
    """Says what the reader's taste and an item's factors have in common."""

    name = "personal"
    source: VoiceSource = "personal"
    reason = "because_you_liked"
    words = "Liked by readers like you"

    def weight(self, params: BlendParams) -> float:
        """Return points of one standard deviation."""
        return params.personal

    def loudness(self, model: Model, params: BlendParams) -> float:
        """Return how far the factors can be believed."""
        return 0.0 if model.learned is None else trust(model.learned.support)

    def to_reader(self, history: History) -> Taste | None:
        """Return the scores of the reader's taste; None while nothing was learned."""
        learned = history.model.learned
        if learned is None:
            return None
        taste = folded(learned, history.rows, history.evidence)
        scores = learned.factors @ taste.factors
        return Taste(scores, 1.0, learned.factors, taste, len(history.rows))

    def to_readers(self, histories: Iterable[History]) -> Iterator[Heard | None]:
        """Yield the same for many readers, with the items' factors read once for all of them."""
        asked = list(histories)
        learned = asked[0].model.learned if asked else None
        if learned is None:
            yield from (None for _ in asked)
            return
        tastes = [folded(learned, history.rows, history.evidence) for history in asked]
        scores = np.stack([taste.factors for taste in tastes]) @ learned.factors.T
        for history, taste, own in zip(asked, tastes, scores, strict=True):
            yield Taste(own, 1.0, learned.factors, taste, len(history.rows))
