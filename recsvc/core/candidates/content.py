"""Content: what reads like the items the reader went for, by TF-IDF similarity to all of them.

A profile is the evidence-weighted sum of the rows of what the reader liked, its terms to the power
0.7: a term that all of them share counts less than their number. Disliked items are not subtracted: a
paper's words are mostly those of its field, and hiding one paper must not bury the field.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.model import Model
from recsvc.core.tfidf import Texts

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

_POWER = 0.7
# Terms that stand in more of all texts than this are looked for in all texts at once.
_MOST = 0.3


def profile(texts: Texts, rows: Rows, evidence: Vector) -> Vector:
    """Return the (n_terms,) profile of a history; zeros without liked items.

    Args:
        rows: (m,) rows interacted with.
        evidence: (m,) their evidence.
    """
    if texts.n_terms == 0:
        return np.zeros(0, np.float32)  # no two texts have a term in common
    said = texts.terms[rows].ravel()
    weights = texts.weights[rows] * np.maximum(evidence, 0)[:, None]
    sums = np.bincount(said, weights.ravel(), minlength=texts.n_terms)
    found = np.zeros(texts.n_terms, np.float32)
    found[said] = sums[said].astype(np.float32) ** np.float32(_POWER)  # the same where said twice
    return found


def content(model: Model, wanted: Vector) -> Vector:
    """Return (n,) similarities of all texts to a profile.

    Args:
        wanted: (n_terms,) the profile.
    """
    said = np.flatnonzero(wanted)
    ends = model.postings.indptr
    if (ends[said + 1] - ends[said]).sum() > _MOST * model.matrix.nnz:
        scores: Vector = model.matrix @ wanted
    else:
        scores = model.postings[said].T @ wanted[said]
    return scores


def shares(texts: Texts, rows: Rows, history: Rows, evidence: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to the score of each row.

    Of a term that several items share, each adds its part of the sum under the power.

    Args:
        rows: (k,).
        history: (m,).
        evidence: (m,).
    """
    said = texts.terms[history].ravel()
    is_said = np.zeros(texts.n_terms, bool)
    is_said[said] = True
    terms = np.flatnonzero(is_said)
    place = np.full(texts.n_terms, len(terms))  # the last part is what no history item says
    place[terms] = np.arange(len(terms))
    m, weights = len(history), texts.weights[history] * np.maximum(evidence, 0)[:, None]
    at = place[said] * m + np.repeat(np.arange(m), weights.shape[1])
    parts = np.bincount(at, weights.ravel(), minlength=(len(terms) + 1) * m)
    parts = parts.reshape(-1, m).astype(np.float32)
    sums = parts.sum(axis=1, keepdims=True)
    parts *= np.where(sums > 0, np.maximum(sums, 1e-12) ** (_POWER - 1), 0)
    heard = parts[place[texts.terms[rows]]]
    added: NDArray[np.float32] = np.einsum("kw,kwm->km", texts.weights[rows], heard)
    return added
