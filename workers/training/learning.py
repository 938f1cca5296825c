"""Learning: what evidence says of every item - factors, the walk between items, and what text guesses.

A function of evidence, texts, parameters and the factors it starts from: the same four give the same
arrays, byte for byte.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.confidence import Weighting, weigh
from recsvc.core.model.nearest import nearest
from recsvc.core.model.neighbours import Neighbours, leading_to, lists, walk
from recsvc.core.text.tfidf import Texts
from workers.training import als
from workers.training.engine import Engine
from workers.training.params import LearnParams

Factors = NDArray[np.float32]


class Learned(msgspec.Struct, frozen=True):
    """What was learned, by row.

    Attributes:
        factors: (n_rows, f); of items without interactions, predicted from their text.
        support: (n_rows,) int32 readers who went for the item.
        neighbours: where each item leads to.
        reader_gram: (f, f) of the readers' factors.
    """

    factors: Factors
    support: NDArray[np.int32]
    weighting: Weighting
    neighbours: Neighbours
    reader_gram: Factors


class Fixed(msgspec.Struct, frozen=True):
    """What does not depend on the parameters that tuning varies.

    Attributes:
        near: (n_cold, n_rows) the nearest of each item without interactions, by text.
    """

    near: sp.csr_matrix
    neighbours: Neighbours


class Beginning(msgspec.Struct, frozen=True):
    """What learning may begin with instead of nothing.

    Attributes:
        factors: (n_rows, f) to go on from with few iterations; None begins anew.
        fixed: what `prepare` made of the same evidence and texts, where it is at hand.
    """

    factors: Factors | None = None
    fixed: Fixed | None = None


NOTHING = Beginning()


def prepare(evidence: sp.csr_matrix, texts: Texts) -> Fixed:
    """Walk from item to item, and find what is near to items without interactions."""
    n_rows = evidence.shape[1]
    walked = walk(evidence)
    support = _support(evidence)
    warm, cold = np.flatnonzero(support > 0), np.flatnonzero(support == 0)
    found = nearest(texts.rows(cold), texts.rows(warm))
    near = sp.csr_matrix((found.data, warm[found.indices], found.indptr), (len(cold), n_rows))
    leading = leading_to(near, walked.T.tocsr()).tocoo()
    to_cold = sp.csr_matrix((leading.data, (leading.col, cold[leading.row])), walked.shape)
    return Fixed(near, lists(walked + to_cold))


def learn(
    evidence: sp.csr_matrix,
    texts: Texts,
    params: LearnParams,
    begin: Beginning = NOTHING,
    engine: Engine = als,
) -> Learned:
    """Learn from evidence.

    Args:
        evidence: (n_users, n_rows) without explicit zeros; negative means disliked.
        texts: n_rows rows.
    """
    n_rows, f = evidence.shape[1], params.als.factors
    confidence, weighting = weigh(evidence, params.confidence)
    support = _support(evidence)
    if not support.any():
        nowhere = lists(sp.csr_matrix((n_rows, n_rows), dtype=np.float32))
        nothing, gram = np.zeros((n_rows, f), np.float32), np.zeros((f, f), np.float32)
        return Learned(nothing, support, weighting, nowhere, gram)
    fixed = begin.fixed or prepare(evidence, texts)
    fit = engine.fit(confidence, params.als, begin.factors)
    factors = fit.item_factors
    factors[support == 0] = fixed.near @ factors
    gram = fit.user_factors.T @ fit.user_factors
    return Learned(factors, support, weighting, fixed.neighbours, gram)


def _support(evidence: sp.csr_matrix) -> NDArray[np.int32]:
    """Return (n_rows,): the readers who went for each item."""
    liked = evidence.indices[evidence.data > 0]
    return np.bincount(liked, minlength=evidence.shape[1]).astype(np.int32)
