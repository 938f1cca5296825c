"""Personal: what readers with a like taste went for, by folding the reader into the item factors."""

from collections.abc import Iterable, Iterator

import numpy as np

from recsvc.core.compiled.moment import Folded
from recsvc.core.model.factors import FoldIn
from recsvc.core.model.folding import costs, folded
from recsvc.core.model.model import Model
from recsvc.core.model.reliability import trust
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Asked, Heard, History, Matrix, ReaderVoice, Rows, VoiceSource

_LEAST = 1e-12


class Taste(Heard, frozen=True):
    """What the factors say to a reader.

    Attributes:
        factors: (n, f) of the items.
        folded: the reader's, and how each of the latest interactions made them.
        history: the m interactions there are.
    """

    factors: Matrix = np.empty((0, 0), np.float32)
    folded: FoldIn | None = None
    history: History | None = None

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): fold-in is linear in the interactions, and splits exactly."""
        assert self.folded is not None, "a taste was folded in"
        assert self.history is not None, "of a history"
        influence, m = self.folded.influence, len(self.history.rows)
        shares = np.zeros((len(rows), m), np.float32)
        shares[:, m - influence.shape[1] :] = self.factors[rows] @ influence
        return shares

    def costs(self, rows: Rows, shares: Matrix) -> Matrix:
        """Return (k, m): without an interaction others explain part of it, and all else scores less.

        What every item loses alike is no loss among items: it narrows the spread that makes points of
        scores. How much, the gram of the items' factors says, to the first order.
        """
        h, found = self.history, self.folded
        if h is None or found is None or h.model.learned is None:
            return shares
        lost = costs(h.model.learned, h.rows, found)
        heard = slice(len(h.rows) - len(lost), None)
        pulled = h.model.learned.solver.gram @ found.factors
        spread = max(float(found.factors @ pulled), _LEAST)
        narrowed = (pulled @ found.influence) * lost / spread
        taken = shares.copy()
        taken[:, heard] *= lost
        taken[:, heard] -= self.scores[rows, None] * narrowed.astype(np.float32)
        return taken


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
        return Taste(scores, learned.factors, taste, history)

    def asked(self, history: History) -> Asked | None:
        """Return the same, and where it comes from."""
        heard, learned = self.to_reader(history), history.model.learned
        if heard is None or heard.folded is None or learned is None:
            return None
        return Asked(heard, Folded(learned.factors, learned.solver.gram, heard.folded))

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
            yield Taste(own, learned.factors, taste, history)
