"""Search, the deciding part: how what holds the words and what reads alike become one list.

Rankings are fused by their places alone, since BM25 scores and cosines do not share a scale:

    score = Σ weight · 61 / (60 + place)        weights add up to 1, so 1 is first everywhere

Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.voices.content import Wanted, content
from recsvc.core.text import tfidf
from recsvc.core.top_k import keep_only, top_k

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

_K = 60
_NOBODY = -1
# BM25 speaks three times as loud as the text vectors: what holds the very words goes first, and what
# reads like the best of it follows.
_WORDS_WEIGHT, _VECTOR_WEIGHT = 0.75, 0.25
# The query's vector leans towards what BM25 found best (Rocchio 1971), which finds papers on the
# subject that use none of its words.
_FEEDBACK_ROWS, _FEEDBACK_TERMS = 3, 16
_FEEDBACK_WEIGHT = 0.5


def vector_ranking(
    model: Model, counts: sp.csr_matrix, best: Rows, candidates: Mask, k: int
) -> Rows:
    """Rank by likeness of text vectors to the query and to what was found best so far.

    Args:
        counts: (1, N_COLUMNS) term counts of the query.
        best: rows found by words, best first.
        candidates: which rows may be listed; it may be longer or shorter than the model.
    """
    n = model.n
    texts = model.texts
    if texts.n_terms == 0:
        return np.empty(0, np.int64)  # no two texts have a term in common
    seeds = best[best < n][:_FEEDBACK_ROWS]
    query = tfidf.weigh(counts, model.terms)
    told = slice(_FEEDBACK_TERMS)  # the heaviest come first
    terms = np.concatenate([query.terms.ravel(), texts.terms[seeds, told].ravel()])
    share = _FEEDBACK_WEIGHT / (1 + np.arange(len(seeds), dtype=np.float32))[:, None]
    weights = np.concatenate([query.weights.ravel(), (texts.weights[seeds, told] * share).ravel()])
    said, place = np.unique(terms, return_inverse=True)
    wanted = Wanted(said, np.bincount(place, weights).astype(np.float32))
    scores = content(model, wanted)
    keep_only(scores, candidates)
    scores[scores <= 0] = -np.inf
    return top_k(scores, k)


def fused(rankings: Sequence[tuple[Rows, float]], k: int) -> tuple[Rows, Scores]:
    """Fuse rankings of rows, each with its weight; the weights add up to 1.

    A place in a ranking may be nobody's (-1).

    Returns:
        (at most k,) rows and scores, best first, equal scores in row order.
    """
    points: dict[int, float] = {}
    for rows, weight in rankings:
        for place, row in enumerate(rows.tolist(), 1):
            if row == _NOBODY:
                continue
            points[row] = points.get(row, 0.0) + weight * (_K + 1) / (_K + place)
    order = sorted(points, key=lambda row: (-points[row], row))[:k]
    return np.array(order, np.int64), np.array([points[row] for row in order], np.float32)


def fuse_with_vectors(found: Rows, alike: Rows, n_known: int, k: int) -> tuple[Rows, Scores]:
    """Fuse what holds the words with what reads alike; what only reads alike comes after all others.

    Args:
        n_known: rows from here on have no vector yet, as they have just arrived: their words speak
            for them alone.
    """
    arrived = np.where(found >= n_known, found, _NOBODY)
    rankings = [(found, _WORDS_WEIGHT), (alike, _VECTOR_WEIGHT), (arrived, _VECTOR_WEIGHT)]
    rows, scores = fused(rankings, len(found) + len(alike))
    order = np.argsort(~np.isin(rows, found), kind="stable")[:k]
    return rows[order], scores[order]
