"""Reasons: why an item stands where it stands, as shares of its score.

A voice that can splits exactly into one share per interaction: fold-in is linear in them, and the walk
and the content profile are shared out in proportion under their powers. A voice that cannot speaks for
itself, and what the reader follows counts by the points that it lifts. Of the history that item is named
without which the score would lose most: where a score is no sum, that need not be the largest share. It
is the reason unless a voice or a follow speaks louder. What the public cannot see speaks on, and stays
unnamed.
"""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

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
        did: what the reader did to the item of their history, in words.
    """

    kind: ReasonKind
    history: int | None
    share: float
    voice: Voice | None = None
    did: str = ""


def causes(model: Model, reader: Reader, ranking: Ranking, places: slice) -> list[Cause]:
    """Return the cause of each ranked item in `places`.

    Args:
        ranking: with its voices.
    """
    voices = ranking.voices
    assert voices is not None, "only personal rankings have causes in a reader's history"
    rows = ranking.rows[places]
    speaking = _at_once(reader, voices, rows) or _one_by_one(model, reader, voices, rows)
    lifted = _lifted(reader, rows).tolist()
    return [_cause(reader, *each) for each in zip(speaking, lifted, strict=True)]


class _Speaking(NamedTuple):
    """What speaks for one row.

    Attributes:
        history: the interaction that may be named and without which most would be lost.
        strongest: points that it adds.
        total: points that all interactions add.
        voice: the voice that says most by itself; None when none does.
        said: points of it.
        spoken: points of all that speak for themselves.
        answered: the voice that says most by what the reader did; None when none does.
    """

    history: int
    strongest: float
    total: float
    voice: Voice | None
    said: float
    spoken: float
    answered: Voice | None


def _at_once(reader: Reader, voices: Voices, rows: NDArray[np.int64]) -> list[_Speaking] | None:
    """Return what speaks for each row, by the kernels; None where they cannot tell."""
    if voices.told is None:
        return None
    who = voices.speakers
    found = voices.told.causes(reader.may_be_named[voices.known], rows)
    if found is None:
        return None
    speaker, known = dict(enumerate(who)).get, voices.known.tolist()
    return [
        _Speaking(known[i], strongest, total, speaker(voice), said, spoken, speaker(answered))
        for i, strongest, total, voice, said, spoken, answered, _ in found
    ]


def _one_by_one(
    model: Model, reader: Reader, voices: Voices, rows: NDArray[np.int64]
) -> list[_Speaking]:
    """Return the same, voice by voice."""
    k, by_voice = len(rows), {}
    points, costs = np.zeros((2, k, len(reader.rows)), np.float32)
    for name, part, lost in _history(model, reader, voices, rows):
        by_voice[name] = np.maximum(part, 0).sum(axis=1, dtype=np.float64)
        points += part
        costs += lost
    positive = np.maximum(points, 0, out=points)
    total = positive.sum(axis=1, dtype=np.float64)
    if reader.visible is not None:
        positive *= reader.visible
    costliest = np.where(positive > 0, costs, -np.inf).argmax(axis=1)
    strongest = positive[np.arange(k), costliest]
    whole = [said for said in voices.said if not said.is_silent and said.voice.name not in by_voice]
    own = np.maximum([said.at(rows) for said in whole] or np.zeros((1, k)), 0).astype(np.float64)
    voice_of = [whole[i].voice if whole else None for i in own.argmax(axis=0).tolist()]
    answered = [said.voice for said in voices.said if said.voice.name in by_voice]
    most = np.array([by_voice[voice.name] for voice in answered] or np.zeros((1, k))).argmax(axis=0)
    return [
        _Speaking(*each)
        for each in zip(
            costliest.tolist(),
            strongest.tolist(),
            total.tolist(),
            voice_of,
            own.max(axis=0).tolist(),
            own.sum(axis=0).tolist(),
            [answered[i] if answered else None for i in most.tolist()],
            strict=True,
        )
    ]


def _lifted(reader: Reader, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (k,) points of some rows for what the reader follows."""
    lifted = np.zeros(len(rows))
    if reader.lift is not None:
        inside = rows < len(reader.lift)
        lifted[inside] = reader.lift[rows[inside]]
    return lifted


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


def _cause(reader: Reader, speaking: _Speaking, lifted: float) -> Cause:
    """Return the largest of three parts of a row's points; the history's where others are as large.

    Args:
        lifted: points for what the reader follows.
    """
    strongest, voice, said = speaking.strongest, speaking.voice, speaking.said
    total = speaking.total + speaking.spoken + lifted
    if lifted > max(strongest, said):
        return Cause(FOLLOW, None, lifted / total)
    if total <= 0:
        return Cause("new", None, 1.0)
    if voice is not None and said > strongest:
        return Cause(voice.reason, None, said / total, voice)
    if strongest > 0:
        done = deed(reader.interactions[speaking.history])
        return Cause(done.reason, speaking.history, strongest / total, did=done.did)
    # What alone speaks for it may not be named: the voice that says it is.
    by = speaking.answered
    return Cause("new", None, 1.0) if by is None else Cause(by.reason, None, 1.0, by)
