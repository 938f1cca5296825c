"""The whole account of a place: every voice's points, and who and what in them says how much.

    score = personal + similar + content + trending + fresh + follow

The first three split exactly into the items of the reader's history, up to a constant per voice - what
the average item gets - that no item is behind. Zhang, Chen: "Explainable Recommendation: A Survey and
New Perspectives" (2020) calls this a model-intrinsic explanation: it is the computation itself.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.reasons import ReasonKind, history_points, verb
from recsvc.core.ranking.voices import content
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import term_counts, terms

_LONGEST = 10


class HistoryPoints(msgspec.Struct, frozen=True):
    """What one item of the reader's history adds, by voice."""

    item: str
    kind: ReasonKind
    personal: float
    similar: float
    content: float


class TermPoints(msgspec.Struct, frozen=True):
    """What a word adds that the item shares with the reader's history."""

    term: str
    points: float


class Account(msgspec.Struct, frozen=True):
    """Points of each voice, which add up to the score, and what is behind them, most first."""

    personal: float
    similar: float
    content: float
    trending: float
    fresh: float
    follow: float
    history: list[HistoryPoints]
    terms: list[TermPoints]


def accounts(
    model: Model, reader: Reader, ranking: Ranking, places: slice, texts: list[str]
) -> list[Account]:
    """Return the account of each ranked item in `places`.

    Args:
        ranking: with its voices.
        texts: of the same items, for the words in them.
    """
    voices = ranking.voices
    assert voices is not None, "only personal rankings have an account"
    rows = ranking.rows[places]
    by_history = history_points(model, reader, voices, rows)
    points = voices.points.at(rows).T.round(4).tolist()
    found = []
    for i, row in enumerate(rows.tolist()):
        follow = 0.0 if reader.lift is None else float(reader.lift[row])
        history = _history(reader, by_history[:, i])
        words = _terms(model, reader, ranking, row, texts[i])
        personal, similar, by_text, trending, fresh = points[i]
        found.append(Account(personal, similar, by_text, trending, fresh, follow, history, words))
    return found


def _history(reader: Reader, points: NDArray[np.float32]) -> list[HistoryPoints]:
    """Return the items of a history by how much they add or take.

    Args:
        points: (3, m) by voice.
    """
    total = np.abs(points.sum(axis=0))
    order = [i for i in np.argsort(-total, kind="stable")[:_LONGEST].tolist() if total[i] > 0]
    return [
        HistoryPoints(
            reader.interactions[i].item,
            verb(reader.interactions[i]),
            *map(_rounded, points[:, i].tolist()),
        )
        for i in order
    ]


def _terms(model: Model, reader: Reader, ranking: Ranking, row: int, text: str) -> list[TermPoints]:
    """Return the words of a text by how much the content voice gives for them."""
    voices = ranking.voices
    assert voices is not None
    if row >= model.n or model.texts.n_terms == 0:
        return []
    known = voices.known
    profile = content.profile(model.texts, reader.rows[known], reader.evidence[known])
    wanted = profile.of_all(model.texts.n_terms)
    scale = voices.standards[2].scale(model.warm[[row]])[0] * voices.common.fade[row]
    ids, weights = model.texts.terms[row], model.texts.weights[row]
    worth = dict(zip(ids.tolist(), (weights * wanted[ids] * scale).tolist(), strict=True))
    words = list(dict.fromkeys(terms(text)))
    named = [(word, worth.get(i, 0.0)) for word, i in zip(words, _ids(model, words), strict=True)]
    best = sorted((w for w in named if w[1] > 0), key=lambda w: -w[1])[:_LONGEST]
    return [TermPoints(word, _rounded(points)) for word, points in best]


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


def _rounded(points: float) -> float:
    return round(float(points), 4)
