"""The whole account of a place: every voice's points, and who and what in them says how much.

    score = points of every voice + follow + shown

Those of voices that answer a reader split exactly into the items of the history, up to a constant per
voice - what the average item gets - that no item is behind. Zhang, Chen: "Explainable Recommendation: A
Survey and New Perspectives" (2020) calls this a model-intrinsic explanation: it is the computation
itself.
"""

from collections.abc import Sequence
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking, Said
from recsvc.core.ranking.reasons import ReasonKind, history_points
from recsvc.core.ranking.voice import ReaderVoice, Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.deeds import deed
from recsvc.core.readers.reader import Reader

_LONGEST = 10


class TermPoints(msgspec.Struct, frozen=True):
    """What a word adds that the item shares with the reader's history."""

    term: str
    points: float


@cache
def shapes(voices: tuple[Voice, ...]) -> tuple[type[Any], type[Any]]:
    """Return the account that some voices give, and its entry for an item of the history.

    An account has a field of points for each voice, `follow`, `shown` (what having been passed over
    takes), and what is behind them, most first; an entry has the item, what was done to it, and a field
    for each voice that answers readers.
    """
    of_readers = [voice.name for voice in voices if isinstance(voice, ReaderVoice)]
    entry = msgspec.defstruct(
        "HistoryPoints",
        [("item", str), ("kind", ReasonKind), *((name, float) for name in of_readers)],
        namespace={"__doc__": "What one item of the reader's history adds, by voice."},
        module=__name__,
        frozen=True,
    )
    account = msgspec.defstruct(
        "Account",
        [
            *((voice.name, float) for voice in voices),
            ("follow", float),
            ("shown", float),
            ("history", GenericAlias(list, (entry,))),
            ("terms", list[TermPoints]),
        ],
        namespace={"__doc__": "Points of each voice, which add up to the score, and their causes."},
        module=__name__,
        frozen=True,
    )
    return account, entry


if TYPE_CHECKING:

    class Account(msgspec.Struct, frozen=True):
        """What every account has, whichever voices there are."""

        follow: float
        shown: float
        history: list[Any]
        terms: list[TermPoints]
else:
    Account, HistoryPoints = shapes(VOICES)


def accounts(
    model: Model, reader: Reader, ranking: Ranking, places: slice, texts: list[str]
) -> list[Account]:
    """Return the account of each ranked item in `places`.

    Args:
        ranking: with its voices.
        texts: of the same items, for the words in them.
    """
    assert ranking.voices is not None, "only personal rankings have an account"
    rows, said = ranking.rows[places], ranking.voices.said
    account, entry = shapes(tuple(one.voice for one in said))
    points = np.array([one.at(rows) for one in said]).T.round(4).tolist()
    split = history_points(model, reader, ranking.voices, rows)
    nothing = np.zeros((len(rows), len(reader.rows)), np.float32)
    of_readers = [one.voice.name for one in said if isinstance(one.voice, ReaderVoice)]
    by_history = np.array([split.get(name, nothing) for name in of_readers]).reshape(
        len(of_readers), *nothing.shape
    )
    by_history[:, :, ~reader.may_be_named] = 0
    return [
        account(
            *points[i],
            0.0 if reader.lift is None else float(reader.lift[row]),
            0.0 if reader.tired is None else _rounded(0.0 - reader.tired.at(row)),
            _history(reader, by_history[:, i], entry),
            _terms(model, said, row, texts[i]),
        )
        for i, row in enumerate(rows.tolist())
    ]


def _history(reader: Reader, points: NDArray[np.float32], entry: type[Any]) -> list[Any]:
    """Return the items of a history by how much they add or take.

    Args:
        points: (v, m) by voice.
    """
    total = np.abs(points.sum(axis=0))
    order = [i for i in np.argsort(-total, kind="stable")[:_LONGEST].tolist() if total[i] > 0]
    return [
        entry(
            reader.interactions[i].item,
            deed(reader.interactions[i]).reason,
            *map(_rounded, points[:, i].tolist()),
        )
        for i in order
    ]


def _terms(model: Model, said: Sequence[Said], row: int, text: str) -> list[TermPoints]:
    """Return the words of a text by how much the voices give for them."""
    worth: dict[str, float] = {}
    for one in said:
        if one.heard is None or row >= model.n:
            continue
        for word, score in one.heard.terms(row, text):
            points = score * one.scale(np.array([row]), model.warm[[row]])[0]
            worth[word] = worth.get(word, 0.0) + points
    best = sorted((w for w in worth.items() if w[1] > 0), key=lambda w: -w[1])[:_LONGEST]
    return [TermPoints(word, _rounded(points)) for word, points in best]


def _rounded(points: float) -> float:
    return round(float(points), 4)
