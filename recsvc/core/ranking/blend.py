"""The blend: what the sources say, made comparable and added up.

Three voices speak for a reader: factors (personal), the walk from item to item (similar) and text
(content). Each becomes points of its own weight within the items with interactions and within those
without; the sum, with what is true for everybody - trending and fresh - decides the order. The
voices know when to be quieter: text as more readers stand behind an item, the walk while little stands
behind the reader, the factors while little stands behind them (`trust`).

    score = trust · points(personal) + m/(m + 5) · points(similar) + fade(support) · points(content)
          + trending + fresh
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import HOUR_US
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.factors import FoldIn
from recsvc.core.model.folding import folded
from recsvc.core.model.model import Model
from recsvc.core.model.reliability import trust
from recsvc.core.ranking.standardizing import SILENT, Scores, Standard, standard
from recsvc.core.ranking.voices import content
from recsvc.core.ranking.voices import walk as similar
from recsvc.core.ranking.voices.fresh import fresh
from recsvc.core.ranking.voices.trending import trending
from recsvc.core.readers.reader import Reader
from recsvc.core.top_k import top_k

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

SOURCES = ("personal", "similar", "trending", "new", "explore", "search", "listed")
PERSONAL, SIMILAR, TRENDING, NEW, EXPLORE, SEARCH, LISTED = range(len(SOURCES))
# By voice, in the order of `Points`: both text and walk are "similar" to whoever asks.
_SOURCE_OF = np.array([PERSONAL, SIMILAR, SIMILAR, TRENDING, NEW], np.uint8)


class BlendParams(msgspec.Struct, frozen=True):
    """How loud each source speaks, in points of one standard deviation.

    Attributes:
        personal: weight of the folded-in factors.
        similar: weight of the walk for a reader with a long history.
        similar_from: interactions at which the walk speaks with half its weight.
        just_read: how much louder the walk from the latest item is: 1 doubles it.
        content: weight of the similarity of texts for an item without interactions.
        content_floor: share of that weight which remains however many readers an item has.
        content_fade: readers of an item that take half of the rest away.
        trending: weight of one doubling of fresh votes.
        fresh: weight of having been listed just now.
        fresh_half_life_days: freshness halves in this time.
        trending_half_life_us: of the window whose votes count.
    """

    personal: float = 1.0
    similar: float = 0.5
    similar_from: float = 5.0
    just_read: float = 1.0
    content: float = 1.0
    content_floor: float = 0.5
    content_fade: float = 20.0
    trending: float = 0.15
    fresh: float = 0.15
    fresh_half_life_days: float = 14.0
    trending_half_life_us: float = 36.0 * HOUR_US


class Common(msgspec.Struct, frozen=True):
    """What is true for everybody: the same for all readers until a vote, an item or the hour changes.

    Attributes:
        trending, fresh, total: (n,) score points, and their sum.
        fade: (n,) share of its weight that the content voice keeps.
        trust: share of its weight that the personal voice gets.
    """

    trending: Scores
    fresh: Scores
    total: Scores
    fade: Scores
    trust: float = 1.0


class Points(msgspec.Struct, frozen=True):
    """(n,) points of each voice, in the order of a ranking's sources."""

    personal: Scores
    similar: Scores
    content: Scores
    trending: Scores
    fresh: Scores

    def at(self, rows: Rows) -> NDArray[np.float32]:
        """Return (5, k) points of some rows."""
        voices = (self.personal, self.similar, self.content, self.trending, self.fresh)
        return np.stack([voice[rows] for voice in voices])


class Voices(msgspec.Struct, frozen=True):
    """What made a personal ranking.

    Attributes:
        folded: the fold-in; None without learned factors.
        known: places in the reader's history that the model knows.
        loud: how loud each of them leads on.
        standards: of the voices in order: personal, similar, content.
    """

    folded: FoldIn | None
    known: Rows
    loud: Scores
    standards: tuple[Standard, Standard, Standard]
    points: Points
    common: Common


class Ranking(msgspec.Struct, frozen=True):
    """Rows in order, and why.

    Attributes:
        rows: (k,) best first, equal scores in row order.
        scores: (k,).
        sources: (k,) index into SOURCES: which source said most.
        voices: what made a personal ranking, for reasons; None for lists that are nobody's.
    """

    rows: Rows
    scores: Scores
    sources: NDArray[np.uint8]
    voices: Voices | None = None


def common(catalogue: Catalogue, model: Model, params: BlendParams, now_us: int) -> Common:
    """Return what is true for everybody.

    Args:
        now_us: only its hour counts, so that the order stands still between events.
    """
    hour_us = now_us // HOUR_US * HOUR_US
    votes = trending(catalogue.scores("week"), params.trending_half_life_us, hour_us)
    votes *= np.float32(params.trending)
    newness = fresh(catalogue.listed_us, params.fresh_half_life_days, hour_us)
    newness *= np.float32(params.fresh)
    fade = fading(model, params)
    return Common(votes, newness, votes + newness, fade, trust_in(model))


def trust_in(model: Model) -> float:
    """Return the share of its weight that the personal voice gets."""
    return 0.0 if model.learned is None else trust(model.learned.support)


def fading(model: Model, params: BlendParams) -> Scores:
    """Return (n,): what the content voice keeps of its weight as readers gather behind an item."""
    if model.learned is None:
        return np.ones(model.n, np.float32)
    remaining = params.content_fade / (params.content_fade + model.learned.support)
    fade: Scores = params.content_floor + (1 - params.content_floor) * remaining
    return fade.astype(np.float32)


def rank(
    model: Model, reader: Reader, shared: Common, params: BlendParams, candidates: Mask, k: int
) -> Ranking:
    """Rank for a reader with at least one interaction that the model knows.

    Args:
        candidates: (at least model.n,) which rows may be listed.
    """
    known, folded = _folded(model, reader, params)
    scores = None
    if folded is not None and model.learned is not None:
        scores = model.learned.factors @ folded.factors
    return _ranked(model, reader, shared, params, candidates, k, known, folded, scores)


def rank_all(
    model: Model,
    readers: Sequence[Reader],
    shared: Common,
    params: BlendParams,
    candidates: Mask,
    k: int,
) -> list[Ranking]:
    """Rank for many readers: the same, with the factors read once for all of them."""
    prepared = [_folded(model, reader, params) for reader in readers]
    learned = model.learned
    if learned is None or not params.personal:
        scores = [None] * len(readers)
    else:
        taste = np.stack([f.factors for _, f in prepared if f is not None])
        scores = list(taste @ learned.factors.T)
    return [
        _ranked(model, reader, shared, params, candidates, k, known, folded, own)
        for reader, (known, folded), own in zip(readers, prepared, scores, strict=True)
    ]


def _folded(model: Model, reader: Reader, params: BlendParams) -> tuple[Rows, FoldIn | None]:
    """Return the places of the history that the model knows, and the fold-in of what is there."""
    known = np.flatnonzero(reader.rows < model.n)
    if model.learned is None or not params.personal:
        return known, None
    return known, folded(model.learned, reader.rows[known], reader.evidence[known])


def _ranked(
    model: Model,
    reader: Reader,
    shared: Common,
    params: BlendParams,
    candidates: Mask,
    k: int,
    known: Rows,
    folded: FoldIn | None,
    scores: Scores | None,
) -> Ranking:
    n = model.n
    rows, evidence = reader.rows[known], reader.evidence[known]
    loud = similar.voices(evidence, params.just_read)
    silence = np.zeros(n, np.float32)
    total = shared.total[:n].copy()
    by_factors = by_walk = by_text = SILENT
    factor_points = walk_points = text_points = silence
    if scores is not None:
        by_factors = standard(scores, model.warm, rows, params.personal * shared.trust)
        factor_points = by_factors.points(scores, model.warm)
        total += factor_points
    weight = params.similar * len(rows) / (len(rows) + params.similar_from)
    if model.learned is not None and weight:
        led = similar.similar(model.learned, rows, loud, n)
        by_walk = standard(led, model.warm, rows, weight)
        walk_points = by_walk.points(led, model.warm)
        total += walk_points
    if reader.lift is not None:
        total += reader.lift[:n]
    if params.content:
        wanted = content.profile(model.texts, rows, evidence)
        said = content.content(model, wanted)
        by_text = standard(said, model.warm, rows, params.content)
        text_points = by_text.points(said, model.warm)
        text_points *= shared.fade
        total += text_points
    total[~candidates[:n]] = -np.inf
    total[[row for row in reader.excluded if row < n]] = -np.inf
    best = top_k(total, k)
    points = Points(factor_points, walk_points, text_points, shared.trending, shared.fresh)
    sources = _SOURCE_OF[points.at(best).argmax(axis=0)]
    standards = (by_factors, by_walk, by_text)
    voices = Voices(folded, known, loud, standards, points, shared)
    return Ranking(best, total[best], sources, voices)
