"""Lists that are the same for everybody: trending, new, by votes, similar."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.choices import Likeness, Window
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.trending import WINDOW_US, votes_worth
from recsvc.core.model.model import Learned, Model
from recsvc.core.ranking.blend import AGAIN, LISTED, NEW, SIMILAR, TRENDING, Ranking
from recsvc.core.ranking.voices.content import content, profile
from recsvc.core.readers.fatigue import Fatigue
from recsvc.core.readers.reader import Reader
from recsvc.core.top_k import keep_only, top_k

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]


# So many readers behind an item make what they have in common with others count half.
_HALF_SURE = 5


class Fading(msgspec.Struct, frozen=True):
    """How votes fade, seen from an instant."""

    window: Window
    half_life_us: float
    now_us: int


class Examples(msgspec.Struct, frozen=True):
    """What to be like, and what to be unlike.

    Attributes:
        positive: rows to be like; those that the model does not know yet are left out.
        negative: rows to be unlike: they count half as much, all together (Rocchio 1971).
        by: the text, who went for both, or both.
    """

    positive: Rows
    negative: Rows
    by: Likeness = "both"


def trending_list(catalogue: Catalogue, fading: Fading, candidates: Mask, k: int) -> Ranking:
    """Rank by decayed votes; only items with a vote within the window.

    Equal scores, which items voted on at the same instants have, stand in the order of arrival. The
    scores say what the votes are worth now, in fresh votes.
    """
    scores = catalogue.scores(fading.window).copy()
    scores[~candidates] = -np.inf
    if length_us := WINDOW_US[fading.window]:
        scores[catalogue.last_vote_us < fading.now_us - length_us] = -np.inf
    rows = np.flatnonzero(np.isfinite(scores))
    rows = rows[np.argsort(-scores[rows], kind="stable")][:k]
    worth = votes_worth(scores[rows], fading.half_life_us, fading.now_us).astype(np.float32)
    return Ranking(rows, worth, np.full(len(rows), TRENDING, np.uint8))


def new_list(
    catalogue: Catalogue, candidates: Mask, k: int, after: tuple[int, int] | None = None
) -> Ranking:
    """Rank by the time of listing, latest first, then by arrival, latest first.

    Args:
        after: (listed_us, row) of the item to go on after.
    """
    rows = catalogue.newest()
    rows = rows[candidates[rows]]
    if after is not None:
        listed = catalogue.listed_us[rows]
        rows = rows[(listed < after[0]) | ((listed == after[0]) & (rows < after[1]))]
    rows = rows[:k]
    return Ranking(rows, np.zeros(len(rows), np.float32), np.full(len(rows), NEW, np.uint8))


def again_list(rows: Rows, candidates: Mask, k: int) -> Ranking:
    """Return those of some rows that are candidates, in their order."""
    rows = rows[candidates[rows]][:k]
    return Ranking(rows, np.zeros(len(rows), np.float32), np.full(len(rows), AGAIN, np.uint8))


def voted_list(catalogue: Catalogue, rows: Rows, k: int) -> Ranking:
    """Rank some rows by upvotes, then comments, then time of listing (latest first), then id."""
    order = np.lexsort(
        (
            catalogue.id_places()[rows],
            -catalogue.listed_us[rows],
            -catalogue.comments[rows],
            -catalogue.upvotes[rows],
        )
    )
    best = rows[order][:k]
    upvotes = catalogue.upvotes[best].astype(np.float32)
    return Ranking(best, upvotes, np.full(len(best), LISTED, np.uint8))


def cold_list(
    catalogue: Catalogue,
    fading: Fading,
    candidates: Mask,
    k: int,
    who: Reader | None = None,
) -> Ranking:
    """Rank for somebody of whom the model knows nothing: what is trending, then the newest.

    Args:
        who: what they follow goes before all else; what they were shown steps back: a point of fatigue
            takes a doubling of the votes, until what has none goes before it.
    """
    if who is None:
        return _cold_list(catalogue, fading, candidates, k)
    more = 0 if who.tired is None else len(who.tired.rows)
    if who.lift is None:
        return _rested(_cold_list(catalogue, fading, candidates, k + more), who.tired, k)
    liked = candidates & (who.lift > 0)
    followed = _rested(_cold_list(catalogue, fading, liked, k + more), who.tired, k)
    n_others = k - len(followed.rows)
    others = _cold_list(catalogue, fading, candidates & ~liked, n_others + more)
    return _joined(followed, _rested(others, who.tired, n_others))


def _cold_list(catalogue: Catalogue, fading: Fading, candidates: Mask, k: int) -> Ranking:
    hot = trending_list(catalogue, fading, candidates, k)
    rest = candidates.copy()
    rest[hot.rows] = False
    return _joined(hot, new_list(catalogue, rest, k - len(hot.rows)))


def _rested(ranking: Ranking, tired: Fatigue | None, k: int) -> Ranking:
    """Return the first k of a ranking after what somebody is tired of has stepped back."""
    scores = ranking.scores
    if tired is not None and len(scores):
        points = tired.of(max(int(ranking.rows.max()), int(tired.rows.max())) + 1)[ranking.rows]
        doublings = np.log2(1 + np.maximum(scores, 0)) - points
        scores = np.where(doublings > 0, np.exp2(doublings) - 1, doublings).astype(np.float32)
        order = np.argsort(-scores, kind="stable")[:k]
    else:
        order = np.arange(min(k, len(scores)))
    return Ranking(ranking.rows[order], scores[order], ranking.sources[order])


def _joined(first: Ranking, second: Ranking) -> Ranking:
    return Ranking(
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.scores, second.scores]),
        np.concatenate([first.sources, second.sources]),
    )


def similar_list(model: Model, examples: Examples, candidates: Mask, k: int) -> Ranking:
    """Rank by likeness to some items and unlikeness to others; none of these is listed."""
    n, by = model.n, examples.by
    positive = examples.positive[examples.positive < n]
    negative = examples.negative[examples.negative < n]
    if len(positive) == 0:
        return Ranking(positive, np.empty(0, np.float32), np.empty(0, np.uint8))
    scores = np.zeros(n, np.float32)
    if by != "readers":
        scores += _alike_in_text(model, positive)
        if len(negative):
            scores -= _alike_in_text(model, negative) / 2
    if by != "text" and model.learned is not None:
        readers = _alike_in_readers(model.learned, positive)
        if len(negative):
            readers -= _alike_in_readers(model.learned, negative) / 2
        scores += readers / 2
    keep_only(scores, candidates)
    scores[np.concatenate([positive, negative])] = -np.inf
    scores[scores <= 0] = -np.inf
    rows = top_k(scores, k)
    return Ranking(rows, scores[rows], np.full(len(rows), SIMILAR, np.uint8))


def _alike_in_text(model: Model, rows: Rows) -> Scores:
    """Return (n,) the mean similarity to the texts of some rows."""
    wanted = profile(model.texts, rows, np.full(len(rows), 1 / len(rows), np.float32))
    return content(model, wanted)


def _alike_in_readers(learned: Learned, rows: Rows) -> Scores:
    """Return (n,) the mean cosine to the factors of some rows; 0 where nobody went for either.

    One reader in common makes two items as alike as can be: a cosine counts by how many readers
    there are behind its ends (Herlocker et al.: "An Algorithmic Framework for Performing
    Collaborative Filtering", SIGIR 1999, section 5.1: significance weighting).
    """
    sure = learned.support / (learned.support + _HALF_SURE)
    known = rows[learned.support[rows] > 0]
    lengths = np.maximum(np.linalg.norm(learned.factors, axis=1), 1e-6)
    mean = (learned.factors[known] * (sure[known] / lengths[known])[:, None]).sum(axis=0) / len(
        rows
    )
    cosine: Scores = learned.factors @ mean / lengths
    return (np.maximum(cosine, 0) * sure).astype(np.float32)
