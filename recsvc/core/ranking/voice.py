"""Voices: who has a say in the order of a personal feed.

A voice scores every row, and is a file in `voices/` and a line in the list there. The blend, reasons,
accounts and the settings' names know voices by this file alone. There are two sorts:

    common   says the same to everybody, in points of its own: votes, age
    reader   answers a reader's history; its scores become points within the items with interactions
             and within those without (`standardizing`)

Where the kernels know how a voice computes its scores, `asked` says so, and they do it together with
all else that a ranking takes; any other voice needs `to_reader` alone.

A voice whose scores are not all finite numbers is silent for that request; the others go on.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.compiled.moment import Folded, Led, Read
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.core.ranking.params import BlendParams

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float32]

# What a voice can show as: the `source` of a listed item, which clients know by these names.
VoiceSource = Literal["personal", "similar", "trending", "new"]


class World(msgspec.Struct, frozen=True):
    """What there is, whoever asks.

    Attributes:
        hour_us: the hour it is; a finer clock would move the order between events.
    """

    catalogue: Catalogue
    model: Model
    params: BlendParams
    hour_us: int


class History(msgspec.Struct, frozen=True):
    """What a reader did, as far as the model knows the items.

    Attributes:
        rows: (m,) rows of the items, latest last.
        evidence: (m,) never 0; negative means disliked.
    """

    model: Model
    params: BlendParams
    rows: Rows
    evidence: Scores


class Heard(msgspec.Struct, frozen=True):
    """What a voice says to one reader.

    Attributes:
        scores: (model.n,) more is better.
    """

    scores: Scores

    def shares(self, rows: Rows) -> Matrix | None:
        """Return (k, m): what each item of the history adds to the score of each of k rows.

        None says that the history does not explain the scores: the voice itself is the reason then.
        """
        return None

    def costs(self, rows: Rows, shares: Matrix) -> Matrix:
        """Return (k, m): what the score of each row would lose without each item of the history.

        Where a score is no sum, a share is not what would be lost: under a root, who adds half of it
        takes less than a third away.

        Args:
            shares: what `shares` says of the same rows.
        """
        return shares

    def terms(self, row: int, text: str) -> list[tuple[str, float]]:
        """Return the words of a row's text that add to its score, and how much each does."""
        return []


class Asked(msgspec.Struct, frozen=True):
    """What a voice is about to say to one reader.

    Attributes:
        heard: what it says, but for its scores.
        how: what the kernels are to write there, or where it comes from; None: only the voice knows.
    """

    heard: Heard
    how: Led | Read | Folded | None = None


class Voice:
    """What both sorts have in common.

    Attributes:
        name: in accounts (a field of this name), and of its weight.
        source: what the items show as that it says most for.
        reason: kind of the reason that the voice itself is.
        words: that reason for people, `{upvotes}` standing for "3 upvotes".
        usual: its weight, where the params have no other.
        is_even: whether a unit of its score means the same for items with and without interactions.
    """

    name: str
    source: VoiceSource
    reason: str
    words: str
    usual: float = 1.0
    is_even: bool = False

    def weight(self, params: BlendParams) -> float:
        """Return points of one standard deviation of a reader voice, of a unit of a common one."""
        return params.weights.get(self.name, self.usual)

    def loudness(self, model: Model, params: BlendParams) -> float | Scores:
        """Return the share of its weight that the voice has, of all rows alike or (model.n,) by row."""
        return 1.0

    def has_words(self, model: Model) -> bool:
        """Return whether the model holds what the voice speaks from: training may have left it out."""
        return True


class CommonVoice(Voice):
    """A voice that says the same to everybody."""

    def points(self, world: World) -> Scores:
        """Return (catalogue.n,) points of one unit of weight."""
        raise NotImplementedError


class ReaderVoice(Voice):
    """A voice that answers a history.

    Attributes:
        usual_half_at: how many interactions it takes to be heard with half its weight, where the params
            do not say.
    """

    usual_half_at: float = 0.0

    def half_at(self, params: BlendParams) -> float:
        """Return how many interactions it takes to be heard with half its weight; 0: any will do."""
        return params.half_at.get(self.name, self.usual_half_at)

    def share(self, n_interactions: int, params: BlendParams) -> float:
        """Return the share of its weight with which a reader of so many interactions hears it."""
        return n_interactions / max(n_interactions + self.half_at(params), 1)

    def to_reader(self, history: History) -> Heard | None:
        """Return what the voice says to a reader; None when it has nothing to say."""
        raise NotImplementedError

    def asked(self, history: History) -> Asked | None:
        """Return the same, its scores left to the kernels where they know how."""
        heard = self.to_reader(history)
        return None if heard is None else Asked(heard)

    def to_readers(self, histories: Iterable[History]) -> Iterator[Heard | None]:
        """Yield the same for many readers of one model, in order."""
        return map(self.to_reader, histories)
