"""Reasons: why an item stands where it stands, as shares of its score.

Each voice that speaks for a reader splits exactly into one share per interaction: fold-in is linear
in them, and the walk and the content profile are shared out in proportion under their powers. What
remains is trending and freshness. The largest share is the reason.
"""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking, Voices
from recsvc.core.ranking.standardizing import SILENT
from recsvc.core.ranking.voices import content
from recsvc.core.ranking.voices import walk as similar
from recsvc.core.readers.profile import Interaction
from recsvc.core.readers.reader import Reader

ReasonKind = Literal[
    "because_you_upvoted",
    "because_you_saved",
    "because_you_shared",
    "because_you_read",
    "because_you_clicked",
    "because_you_liked",
    "because_you_follow",
    "trending",
    "new",
    "similar",
    "explore",
    "search",
    "listed",
]

_TRENDING, _NEW = -1, -2


class Cause(msgspec.Struct, frozen=True):
    """What speaks most for an item.

    Attributes:
        history: index into the reader's interactions; None when it is `kind` itself.
        share: its share of all that speaks for the item, 0..1.
    """

    kind: ReasonKind
    history: int | None
    share: float


def causes(model: Model, reader: Reader, ranking: Ranking, places: slice) -> list[Cause]:
    """Return the cause of each ranked item in `places`.

    Args:
        ranking: with its voices.
    """
    voices = ranking.voices
    assert voices is not None, "only personal rankings have causes in a reader's history"
    rows = ranking.rows[places]
    per_history = _per_history(model, reader, voices, rows)
    positive = np.maximum(per_history, 0)
    best = positive.argmax(axis=1).tolist()
    strongest = positive.max(axis=1).tolist()
    totals = positive.sum(axis=1).tolist()
    everybody = voices.common
    trending, fresh = everybody.trending[rows].tolist(), everybody.fresh[rows].tolist()
    return [
        _cause(reader, *each) for each in zip(best, strongest, totals, trending, fresh, strict=True)
    ]


def _per_history(
    model: Model, reader: Reader, voices: Voices, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return (k, m) score points that each interaction gives each item."""
    points = np.zeros((len(rows), len(reader.rows)), np.float32)
    for part in history_points(model, reader, voices, rows):
        points += part
    return points


def history_points(
    model: Model, reader: Reader, voices: Voices, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return (3, k, m): the points of each interaction in each voice: personal, similar, content."""
    known, warm = voices.known, model.warm[rows]
    by_factors, by_walk, by_text = voices.standards
    points = np.zeros((3, len(rows), len(reader.rows)), np.float32)
    history, evidence = reader.rows[known], reader.evidence[known]
    if voices.folded is not None and model.learned is not None:
        influence = voices.folded.influence
        latest = known[len(known) - influence.shape[1] :]
        shared = model.learned.factors[rows] @ influence
        points[0][:, latest] = shared * by_factors.scale(warm)[:, None]
    if by_walk is not SILENT and model.learned is not None:
        shared = similar.shares(model.learned, rows, history, voices.loud)
        points[1][:, known] = shared * by_walk.scale(warm)[:, None]
    if by_text is not SILENT:
        scale = by_text.scale(warm) * voices.common.fade[rows]
        shared = content.shares(model.texts, rows, history, evidence)
        points[2][:, known] = shared * scale[:, None]
    return points


def _cause(
    reader: Reader, best: int, strongest: float, total: float, trending: float, fresh: float
) -> Cause:
    total += trending + fresh
    if total <= 0:
        return Cause("new", None, 1.0)
    if max(trending, fresh) > strongest:
        kind: ReasonKind = "trending" if trending >= fresh else "new"
        return Cause(kind, None, max(trending, fresh) / total)
    return Cause(verb(reader.interactions[best]), best, strongest / total)


def verb(interaction: Interaction) -> ReasonKind:
    """Return the strongest thing the reader did to an item, as a kind of reason."""
    states, signals = interaction.states, interaction.signals
    if states.get("upvote", 0) > 0:
        return "because_you_upvoted"
    if states.get("save", 0) > 0:
        return "because_you_saved"
    if "share" in signals:
        return "because_you_shared"
    if "read" in signals:
        return "because_you_read"
    if "click" in signals:
        return "because_you_clicked"
    return "because_you_liked"
