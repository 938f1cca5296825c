"""Content: what reads like the items the reader went for, by TF-IDF similarity to all of them.

A profile is the evidence-weighted sum of the rows of what the reader liked, its terms to the power
0.7: a term that all of them share counts less than their number. Disliked items are not subtracted: a
paper's words are mostly those of its field, and hiding one paper must not bury the field.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.tfidf import Texts

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

_POWER = 0.7


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


def content(matrix: sp.csr_matrix, wanted: Vector) -> Vector:
    """Return (n,) similarities to a profile.

    Args:
        matrix: (n, n_terms) of the texts.
        wanted: (n_terms,) the profile.
    """
    scores: Vector = matrix @ wanted
    return scores


def content_of(texts: Texts, rows: Rows, wanted: Vector) -> Vector:
    """Return (k,) similarities of some rows to a profile."""
    if texts.n_terms == 0:
        return np.zeros(len(rows), np.float32)
    scores: Vector = np.einsum("kw,kw->k", texts.weights[rows], wanted[texts.terms[rows]])
    return scores


def shares(texts: Texts, rows: Rows, history: Rows, evidence: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to the score of each row.

    Of a term that several items share, each adds its part of the sum under the power.

    Args:
        rows: (k,).
        history: (m,).
        evidence: (m,).
    """
    terms, where = np.unique(texts.terms[history], return_inverse=True)
    parts = np.zeros((len(terms) + 1, len(history)), np.float32)
    weights = texts.weights[history] * np.maximum(evidence, 0)[:, None]
    # Padding adds zeros, and a row has each term once: plain addition reaches every part.
    parts[where.ravel(), np.repeat(np.arange(len(history)), weights.shape[1])] += weights.ravel()
    sums = parts.sum(axis=1, keepdims=True)
    parts *= np.where(sums > 0, np.maximum(sums, 1e-12) ** (_POWER - 1), 0)
    at = np.searchsorted(terms, texts.terms[rows])
    at[at == len(terms)] = 0
    at[terms[at] != texts.terms[rows]] = len(terms)  # the last part is what no history item says
    added: NDArray[np.float32] = np.einsum("kw,kwm->km", texts.weights[rows], parts[at])
    return added
