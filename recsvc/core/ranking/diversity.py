"""Diversity: a list whose items do not all say the same, by maximal marginal relevance.

    next = argmax  (1 − d) · relevance − d · max similarity to what was chosen

over the head of a ranking; relevance is the score between the least (0) and the best (1) of the head,
similarity the cosine of texts. Carbonell, Goldstein: "The Use of MMR, Diversity-Based Reranking for
Reordering Documents and Producing Summaries", SIGIR 1998.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.ranking.blend import Ranking

_HEAD = 100


def diversified(ranking: Ranking, matrix: sp.csr_matrix, share: float) -> Ranking:
    """Return a ranking with its head in another order.

    Args:
        matrix: (n, n_terms) of the texts, rows of length 1; rows beyond are like nothing.
        share: d; 0 changes nothing, 1 looks at similarity alone (the best item still comes first).
    """
    rows = ranking.rows[:_HEAD]
    if share == 0 or len(rows) < 3:
        return ranking
    order = np.arange(len(ranking.rows))
    order[: len(rows)] = _chosen(ranking.scores[: len(rows)], _similarity(matrix, rows), share)
    return msgspec.structs.replace(
        ranking,
        rows=ranking.rows[order],
        scores=ranking.scores[order],
        sources=ranking.sources[order],
    )


def _similarity(matrix: sp.csr_matrix, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (k, k) cosines."""
    similarity = np.zeros((len(rows), len(rows)), np.float32)
    inside = np.flatnonzero(rows < matrix.shape[0])
    texts = matrix[rows[inside]]
    similarity[np.ix_(inside, inside)] = (texts @ texts.T).toarray()
    return similarity


def _chosen(
    scores: NDArray[np.float32], similarity: NDArray[np.float32], share: float
) -> NDArray[np.int64]:
    low, high = float(scores.min()), float(scores.max())
    relevance = (1 - share) * (scores - low) / max(high - low, 1e-9)
    nearest = np.zeros(len(scores), np.float32)
    left = np.ones(len(scores), bool)
    order = np.empty(len(scores), np.int64)
    for place in range(len(scores)):
        worth = np.where(left, relevance - share * nearest, -np.inf)
        best = int(worth.argmax()) if place else int(scores.argmax())
        order[place], left[best] = best, False
        nearest = np.maximum(nearest, similarity[best])
    return order
