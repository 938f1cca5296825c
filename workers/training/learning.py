"""Learning: what evidence says of every item - factors, the walk between items, and what text guesses.

A function of evidence, texts, parameters and the factors it starts from: the same four give the same
arrays, byte for byte.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.confidence import Weighting, weigh
from recsvc.core.model.linear import linear
from recsvc.core.model.nearest import nearest
from recsvc.core.model.neighbours import Neighbours, leading_to, lists, nowhere, walk
from recsvc.core.model.transitions import transitions
from recsvc.core.text.tfidf import Texts
from workers.training import als
from workers.training.engine import Engine
from workers.training.params import LearnParams
from workers.training.past import Past

Factors = NDArray[np.float32]


class Learned(msgspec.Struct, frozen=True):
    """What was learned, by row.

    Attributes:
        factors: (n_rows, f); of items without interactions, predicted from their text.
        support: (n_rows,) int32 readers who went for the item.
        neighbours: where each item leads to.
        reader_gram: (f, f) of the readers' factors.
        transitions: what readers went for after each item.
        linear: what going for each item foretells; None where nobody asked for it.
    """

    factors: Factors
    support: NDArray[np.int32]
    weighting: Weighting
    neighbours: Neighbours
    reader_gram: Factors
    transitions: Neighbours
    linear: Neighbours | None = None


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
    return lead_on(walk(evidence), _support(evidence), texts)


def lead_on(walked: sp.csr_matrix, support: NDArray[np.int32], texts: Texts) -> Fixed:
    """Have the walk lead on to items without interactions, from whatever leads to what is near them.

    Args:
        walked: (n_rows, n_rows) the walk between the others.
    """
    n_rows = len(support)
    warm, cold = np.flatnonzero(support > 0), np.flatnonzero(support == 0)
    found = nearest(texts.rows(cold), texts.rows(warm))
    near = sp.csr_matrix((found.data, warm[found.indices], found.indptr), (len(cold), n_rows))
    leading = leading_to(near, walked.T.tocsr()).tocoo()
    to_cold = sp.csr_matrix((leading.data, (leading.col, cold[leading.row])), walked.shape)
    return Fixed(near, lists(walked + to_cold))


def learn(
    past: Past,
    texts: Texts,
    params: LearnParams,
    begin: Beginning = NOTHING,
    engine: Engine = als,
) -> Learned:
    """Learn from what readers did.

    Args:
        texts: n_rows rows.
    """
    evidence = past.evidence
    n_rows, f = evidence.shape[1], params.als.factors
    confidence, weighting = weigh(evidence, params.confidence)
    support = _support(evidence)
    if not support.any():
        nothing, gram = np.zeros((n_rows, f), np.float32), np.zeros((f, f), np.float32)
        nobody = nowhere(n_rows)
        return Learned(nothing, support, weighting, nobody, gram, nobody)
    fixed = begin.fixed or prepare(evidence, texts)
    fit = engine.fit(confidence, params.als, begin.factors)
    factors = fit.item_factors
    factors[support == 0] = fixed.near @ factors
    gram = fit.user_factors.T @ fit.user_factors
    return Learned(factors, support, weighting, fixed.neighbours, gram, _transitions(past))


def with_linear(learned: Learned, past: Past) -> Learned:
    """Return the same with what going for each item foretells."""
    return msgspec.structs.replace(learned, linear=lists(linear(past.evidence)))


def _transitions(past: Past) -> Neighbours:
    if past.latest_us is None:
        return nowhere(past.evidence.shape[1])
    return lists(transitions(past.evidence, past.latest_us))


def _support(evidence: sp.csr_matrix) -> NDArray[np.int32]:
    """Return (n_rows,): the readers who went for each item."""
    liked = evidence.indices[evidence.data > 0]
    return np.bincount(liked, minlength=evidence.shape[1]).astype(np.int32)
