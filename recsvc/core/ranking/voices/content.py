"""Content: what reads like the items the reader went for, by TF-IDF similarity to all of them.

A profile is the evidence-weighted sum of the rows of what the reader liked, its terms to the power
0.7: a term that all of them share counts less than their number. Disliked items are not subtracted: a
paper's words are mostly those of its field, and hiding one paper must not bury the field.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.text.tfidf import Texts

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

_POWER = 0.7
# Terms that stand in more of all texts than this are looked for in all texts at once.
_MOST = 0.3


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for in texts.

    Attributes:
        terms: (t,) numbers of terms, ascending.
        weights: (t,) how much each counts.
    """

    terms: Rows
    weights: Vector

    def of_all(self, n_terms: int) -> Vector:
        """Return (n_terms,) how much each term counts."""
        weights = np.zeros(n_terms, np.float32)
        weights[self.terms] = self.weights
        return weights


def profile(texts: Texts, rows: Rows, evidence: Vector) -> Wanted:
    """Return what a history asks for: nothing without liked items.

    Args:
        rows: (m,) rows interacted with.
        evidence: (m,) their evidence.
    """
    liked = evidence > 0
    said, weights = texts.terms[rows[liked]], texts.weights[rows[liked]]
    terms, place = _numbered(said, texts.n_terms)
    sums = np.bincount(place[said].ravel(), (weights * evidence[liked, None]).ravel(), len(terms))
    return Wanted(terms, sums.astype(np.float32) ** np.float32(_POWER))


def content(model: Model, wanted: Wanted) -> Vector:
    """Return (n,) similarities of all texts to what is wanted."""
    ends = model.postings.indptr
    n_entries = (ends[wanted.terms + 1] - ends[wanted.terms]).sum()
    if n_entries > _MOST * model.matrix.nnz:
        scores: Vector = model.matrix @ wanted.of_all(model.texts.n_terms)
    else:
        scores = model.postings[wanted.terms].T @ wanted.weights
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
    terms, place = _numbered(said, texts.n_terms)  # the last part is what no history item says
    m, weights = len(history), texts.weights[history] * np.maximum(evidence, 0)[:, None]
    at = place[said] * m + np.repeat(np.arange(m), weights.shape[1])
    parts = np.bincount(at, weights.ravel(), minlength=(len(terms) + 1) * m)
    parts = parts.reshape(-1, m).astype(np.float32)
    sums = parts.sum(axis=1, keepdims=True)
    parts *= np.where(sums > 0, np.maximum(sums, 1e-12) ** (_POWER - 1), 0)
    heard = parts[place[texts.terms[rows]]]
    added: NDArray[np.float32] = np.einsum("kw,kwm->km", texts.weights[rows], heard)
    return added


def _numbered(said: NDArray[np.int32], n_terms: int) -> tuple[Rows, Rows]:
    """Return the t terms that are said, ascending, and (n_terms,) the place of each; t of others."""
    is_said = np.zeros(n_terms, bool)
    is_said[said] = True
    terms = np.flatnonzero(is_said)
    place = np.full(n_terms, len(terms))
    place[terms] = np.arange(len(terms))
    return terms, place
