"""Content: what reads like the items the reader went for, by TF-IDF similarity to all of them.

A profile is the evidence-weighted sum of the rows of what the reader liked, its terms to the power
0.7: a term that all of them share counts less than their number. Disliked items are not subtracted: a
paper's words are mostly those of its field, and hiding one paper must not bury the field.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core import compiled
from recsvc.core.compiled.moment import Read
from recsvc.core.model.model import Model
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import (
    Asked,
    Heard,
    History,
    Matrix,
    ReaderVoice,
    Rows,
    Scores,
    VoiceSource,
)
from recsvc.core.text.terms import term_counts, terms
from recsvc.core.text.tfidf import Texts

Vector = NDArray[np.float32]

_POWER = 0.7
# Of all postings: who looks for more reads all texts at once.
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


class Alike(Heard, frozen=True, kw_only=True):
    """What reads like what the reader went for.

    Attributes:
        found: what the history asks for, once somebody asked.
    """

    history: History
    found: list[Wanted] = msgspec.field(default_factory=list)

    @property
    def wanted(self) -> Wanted:
        """What the history asks for: only whole accounts ask, of each place."""
        if not self.found:
            h = self.history
            self.found.append(profile(h.model.texts, h.rows, h.evidence))
        return self.found[0]

    def shares(self, rows: Rows) -> Matrix:
        """Return (k, m): of a term that several items share, each adds its part."""
        h = self.history
        return shares(h.model.texts, rows, h.rows, h.evidence)

    def terms(self, row: int, text: str) -> list[tuple[str, float]]:
        """Return the words of a text that are wanted, and what each adds."""
        texts = self.history.model.texts
        wanted = self.wanted.of_all(texts.n_terms)
        ids, weights = texts.terms[row], texts.weights[row]
        worth = dict(zip(ids.tolist(), (weights * wanted[ids]).tolist(), strict=True))
        words = list(dict.fromkeys(terms(text)))
        known = zip(words, _ids(self.history.model, words), strict=True)
        return [(word, worth[i]) for word, i in known if worth.get(i, 0) > 0]


class Content(ReaderVoice):
    """Says how much an item reads like what the reader went for."""

    name = "content"
    source: VoiceSource = "similar"
    reason = "similar"
    words = "Similar in content"
    is_even = True

    def weight(self, params: BlendParams) -> float:
        """Return points of one standard deviation, of an item without readers."""
        return params.content

    def loudness(self, model: Model, params: BlendParams) -> float | Scores:
        """Return (n,): what remains of the weight as readers gather behind an item."""
        if model.learned is None:
            return 1.0
        remaining = params.content_fade / (params.content_fade + model.learned.support)
        fade: Scores = params.content_floor + (1 - params.content_floor) * remaining
        return fade.astype(np.float32)

    def to_reader(self, history: History) -> Alike:
        """Return how much each text is what the history asks for."""
        heard = Alike(np.empty(0, np.float32), history=history)
        return msgspec.structs.replace(heard, scores=content(history.model, heard.wanted))

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores still to be computed."""
        if not history.model.postings.is_narrow:
            return super().asked(history)
        heard = Alike(np.empty(history.model.n, np.float32), history=history)
        return Asked(heard, Read(_POWER, _MOST * history.model.matrix.nnz))


def profile(texts: Texts, rows: Rows, evidence: Vector) -> Wanted:
    """Return what a history asks for: nothing without liked items.

    Args:
        rows: (m,) rows interacted with.
        evidence: (m,) their evidence.
    """
    fast = compiled.kernels()
    sums_of = _sums if fast is None else fast.text_profile
    terms, sums = sums_of(texts, rows, evidence)
    return Wanted(terms, (sums**_POWER).astype(np.float32))


def _sums(texts: Texts, rows: Rows, evidence: Vector) -> tuple[Rows, NDArray[np.float64]]:
    """Return the terms of what is liked, ascending, and the sum of what is said of each."""
    liked = evidence > 0
    said, weights = texts.terms[rows[liked]], texts.weights[rows[liked]]
    terms, place = _numbered(said, texts.n_terms)
    sums = np.bincount(place[said].ravel(), (weights * evidence[liked, None]).ravel(), len(terms))
    return terms, sums.astype(np.float64)  # of nothing, bincount counts


def content(model: Model, wanted: Wanted) -> Vector:
    """Return (n,) similarities of all texts to what is wanted."""
    if model.postings.n_saying(wanted.terms) > _MOST * model.matrix.nnz:
        scores: Vector = model.matrix @ wanted.of_all(model.texts.n_terms)
        return scores
    return model.postings.scores(wanted.terms, wanted.weights, model.n)


def shares(texts: Texts, rows: Rows, history: Rows, evidence: Vector) -> NDArray[np.float32]:
    """Return (k, m): what each item of a history adds to the score of each row.

    Of a term that several items share, each adds its part of the sum under the power.

    Args:
        rows: (k,).
        history: (m,).
        evidence: (m,).
    """
    if (fast := compiled.kernels()) is not None:
        return fast.text_shares(texts, rows, history, evidence, _POWER)
    wanted = texts.terms[rows]
    terms, place = _numbered(wanted, texts.n_terms)  # behind them stands what none of the rows says
    k, m, t = len(rows), len(history), len(terms)
    weights = texts.weights[history] * np.where(evidence > 0, evidence, 0)[:, None]
    at = place[texts.terms[history]] * m + np.arange(m)[:, None]
    parts = np.bincount(at.ravel(), weights.ravel(), (t + 1) * m).reshape(t + 1, m)[:t]
    sums = parts.sum(axis=1, keepdims=True)
    parts *= np.where(sums > 0, np.maximum(sums, 1e-12) ** (_POWER - 1), 0)
    at = place[wanted] + np.arange(k)[:, None] * t
    heard = np.bincount(at.ravel(), texts.weights[rows].ravel(), k * t).reshape(k, t)
    added: NDArray[np.float32] = (heard @ parts).astype(np.float32)
    return added


def _numbered(said: NDArray[np.int32], n_terms: int) -> tuple[Rows, Rows]:
    """Return the t terms that are said, ascending, and (n_terms,) the place of each; t of others."""
    is_said = np.zeros(n_terms, bool)
    is_said[said] = True
    terms = np.flatnonzero(is_said)
    place = np.full(n_terms, len(terms))
    place[terms] = np.arange(len(terms))
    return terms, place


def _ids(model: Model, words: list[str]) -> list[int]:
    """Return the model's number of each word; -1 for those that do not count."""
    columns = model.terms.columns
    if len(columns) == 0 or not words:
        return [-1] * len(words)
    counts = term_counts(words)
    found = []
    for i in range(len(words)):
        mine = counts.indices[counts.indptr[i] : counts.indptr[i + 1]]
        at = np.minimum(np.searchsorted(columns, mine[:1]), len(columns) - 1)
        is_known = len(mine) > 0 and columns[at[0]] == mine[0]
        found.append(int(model.terms.ids[at[0]]) if is_known else -1)
    return found
