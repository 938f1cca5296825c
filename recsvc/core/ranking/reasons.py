"""Reasons: why an item stands where it stands, as shares of its score.

A voice that can splits exactly into one share per interaction: fold-in is linear in them, and the walk
and the content profile are shared out in proportion under their powers. A voice that cannot speaks for
itself, and what the reader follows counts by the points that it lifts. Of the history that item is named
without which the score would lose most: where a score is no sum, that need not be the largest share. It
is the reason unless a voice or a follow speaks louder. What the public cannot see speaks on, and stays
unnamed.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking, Voices
from recsvc.core.ranking.voice import Matrix, Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.deeds import LIKED, deed
from recsvc.core.readers.kinds import KINDS, Role
from recsvc.core.readers.reader import Reader

FOLLOW = "because_you_follow"

# What answers name: what a reader did, a voice, or how the list was made.
REASONS = dict.fromkeys(
    [
        *(kind.reason for kind in KINDS.values() if kind.role in (Role.STATE, Role.SIGNAL)),
        LIKED.reason,
        FOLLOW,
        *(voice.reason for voice in VOICES),
        "explore",
        "search",
        "listed",
        "again",
        "hidden",
        "own",
        "unknown",
    ]
)
ReasonKind = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(REASONS)})]


class Cause(msgspec.Struct, frozen=True):
    """What speaks most for an item.

    Attributes:
        kind: of the reason, as answers name it.
        history: index into the reader's interactions; None when it is a voice itself, or a follow.
        share: its share of all that speaks for the item, 0..1.
        voice: the voice that is the reason; None when it is the history, or nothing.
    """

    kind: ReasonKind
    history: int | None
    share: float
    voice: Voice | None = None


def causes(model: Model, reader: Reader, ranking: Ranking, places: slice) -> list[Cause]:
    """Return the cause of each ranked item in `places`.

    Args:
        ranking: with its voices.
    """
    voices = ranking.voices
    assert voices is not None, "only personal rankings have causes in a reader's history"
    rows = ranking.rows[places]
    split: dict[str, Matrix] = {}
    points, costs = np.zeros((2, len(rows), len(reader.rows)), np.float32)
    for name, part, lost in _history(model, reader, voices, rows):
        split[name] = part
        points += part
        costs += lost
    positive = np.maximum(points, 0, out=points)
    total = positive.sum(axis=1)
    if reader.visible is not None:
        positive *= reader.visible
    costliest = np.where(positive > 0, costs, -np.inf).argmax(axis=1)
    strongest = positive[np.arange(len(rows)), costliest]
    whole = [said for said in voices.said if not said.is_silent and said.voice.name not in split]
    own = np.maximum(
        [said.at(rows) for said in whole] or [np.zeros(len(rows), np.float32)], 0
    ).astype(np.float64)
    loudest = own.argmax(axis=0).tolist()
    acts = zip(costliest.tolist(), strongest.tolist(), strict=True)
    voice_of = [whole[i].voice if whole else None for i in loudest]
    others = zip(voice_of, own.max(axis=0).tolist(), strict=True)
    lifted = _lifted(reader, rows)
    totals = (total + own.sum(axis=0) + lifted).tolist()
    found = [_cause(reader, *each) for each in zip(acts, others, totals, strict=True)]
    named = [cause or _unnamed(voices, split, place) for place, cause in enumerate(found)]
    is_followed = lifted > np.maximum(strongest, own.max(axis=0))
    return [
        Cause(FOLLOW, None, float(lifted[i]) / totals[i]) if is_followed[i] else cause
        for i, cause in enumerate(named)
    ]


def _lifted(reader: Reader, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (k,) points of some rows for what the reader follows."""
    lifted = np.zeros(len(rows))
    if reader.lift is not None:
        inside = rows < len(reader.lift)
        lifted[inside] = reader.lift[rows[inside]]
    return lifted


def _unnamed(voices: Voices, split: dict[str, NDArray[np.float32]], place: int) -> Cause:
    """Return the voice that says most by what the reader did, without saying by what."""
    answered = [said.voice for said in voices.said if said.voice.name in split]
    voice = max(answered, key=lambda one: np.maximum(split[one.name][place], 0).sum())
    return Cause(voice.reason, None, 1.0, voice)


def history_points(
    model: Model, reader: Reader, voices: Voices, rows: NDArray[np.int64]
) -> dict[str, NDArray[np.float32]]:
    """Return (k, m) points of each interaction, by name of the voices that split into them."""
    return {name: points for name, points, _ in _history(model, reader, voices, rows)}


def _history(
    model: Model, reader: Reader, voices: Voices, rows: NDArray[np.int64]
) -> Iterator[tuple[str, Matrix, Matrix]]:
    """Yield of each voice that splits (k, m) points of each interaction, and what goes without it."""
    warm = model.warm[rows]
    for said in voices.said:
        shares = None if said.heard is None else said.heard.shares(rows)
        if said.heard is None or shares is None:
            continue
        scale = said.scale(rows, warm)[:, None]
        points, costs = shares * scale, said.heard.costs(rows, shares) * scale
        if len(voices.known) < len(reader.rows):
            of_known = (points, costs)
            points, costs = np.zeros((2, len(rows), len(reader.rows)), np.float32)
            points[:, voices.known], costs[:, voices.known] = of_known
        yield said.voice.name, points, costs


def _cause(
    reader: Reader, own: tuple[int, float], other: tuple[Voice | None, float], total: float
) -> Cause | None:
    """Return the larger of two parts of an item's points; the history's where they are as large.

    Args:
        own: the interaction that adds most and may be named, and what it adds.
        other: the same of the voices that speak for themselves.
        total: of all that speaks for the item.

    Returns:
        None where only that speaks for it which may not be named.
    """
    (best, strongest), (voice, said) = own, other
    if total <= 0:
        return Cause("new", None, 1.0)
    if voice is not None and said > strongest:
        return Cause(voice.reason, None, said / total, voice)
    if strongest <= 0:
        return None
    return Cause(deed(reader.interactions[best]).reason, best, strongest / total)
