"""A world made up: items on subjects, and readers whose tastes are known, which no real log can tell.

Items are listed every day and lose interest slowly. A reader wants an item by chance: the better it
suits their taste, the better it is and the newer, the likelier; and by a mood towards it, part of which
never changes. Of a list they look at one place after the other with falling probability, whatever
stands there (the position-based model: Richardson, Dominowska, Ragno: "Predicting Clicks", WWW 2007),
click what they look at and want, and vote for some of that.

Who ranks is told none of it but the items' titles, whose words tell of the subject.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Chances = NDArray[np.float64]

PAGE = 20
LOOKS = 0.9 ** np.arange(PAGE)  # how likely each place of a list is looked at

_SUBJECTS, _WORDS = 24, 40
_VOTES = 0.33  # of what is clicked
_MORNING_DAYS = 8 / 24  # when readers come


class WorldParams(msgspec.Struct, frozen=True):
    """Who and what there is.

    Attributes:
        comes: how likely a reader comes on a day.
        begun_with, born: items that are there before the first day, and that each day brings.
        life_days: in which interest in an item halves.
        eagerness: how often what is looked at is clicked, where taste and quality are the best.
        steady: how likely what was not wanted once is judged the same when it is looked at again.
        seed: of everything.
    """

    days: int = 30
    readers: int = 150
    comes: float = 0.5
    begun_with: int = 300
    born: int = 15
    life_days: float = 15.0
    eagerness: float = 1.0
    steady: float = 0.5
    seed: int = 0

    @property
    def n_items(self) -> int:
        """How many items there are at the end."""
        return self.n_listed(self.days - 1)

    def n_listed(self, day: int) -> int:
        """Return how many items there are on a day; they are the first rows."""
        return self.begun_with + self.born * (day + 1)


class World:
    """What is known of it by nobody else.

    Attributes:
        born_day: (n,) when each item was listed, in days before or after the first.
        liking: (readers, n) how much each reader likes an item's subject; 1: more than any other.
        titles: of the items.
    """

    def __init__(self, params: WorldParams, rng: np.random.Generator) -> None:
        p, n = params, params.n_items
        self._params = p
        subjects = rng.integers(_SUBJECTS, size=n)
        quality = rng.beta(1.5, 4.0, n)
        by_subject = rng.dirichlet(np.full(_SUBJECTS, 0.12), p.readers)
        self.liking = (by_subject / by_subject.max(axis=1, keepdims=True))[:, subjects]
        self._mood = rng.random((p.readers, n))
        self._taste = (0.03 + 0.97 * self.liking) * quality
        born = np.repeat(np.arange(p.days), p.born)
        self.born_day = np.concatenate([-rng.integers(30, size=p.begun_with), born])
        own, idle = rng.integers(_WORDS, size=(2, n, 4))
        self.titles = [
            " ".join([*(f"subject{s}x{w}" for w in mine), *(f"word{w}" for w in others)])
            for s, mine, others in zip(subjects.tolist(), own.tolist(), idle.tolist(), strict=True)
        ]

    def visitors(self, rng: np.random.Generator) -> list[int]:
        """Return who comes on a day."""
        return [
            int(who)
            for who in np.flatnonzero(rng.random(self._params.readers) < self._params.comes)
        ]

    def chances(self, who: int, day: int, taken: Rows) -> Chances:
        """Return how likely a reader wants each of the items listed on a day, whatever their mood.

        Args:
            taken: rows that nobody would click once more.
        """
        n = self._params.n_listed(day)
        age_days = np.maximum(day + _MORNING_DAYS - self.born_day[:n], 0)
        interest = np.exp2(-age_days / self._params.life_days)
        chances: Chances = self._params.eagerness * self._taste[who, :n] * interest
        chances[taken] = 0
        return chances

    def wanted(self, who: int, chances: Chances, rng: np.random.Generator) -> Flags:
        """Return which items a reader would click today.

        Args:
            chances: (n,) of these items.
        """
        n = len(chances)
        anew = rng.random(n) > self._params.steady
        wanted: Flags = np.where(anew, rng.random(n), self._mood[who, :n]) < chances
        return wanted


def acted(wanted: Flags, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the positions of a list that its reader clicks, and those of them that they vote for.

    Args:
        wanted: (n,) whether what stands at each position is; n is at most `PAGE`.
    """
    looked = rng.random(len(wanted)) < LOOKS[: len(wanted)]
    clicked = np.flatnonzero(looked & wanted)
    return clicked, clicked[rng.random(len(clicked)) < _VOTES]


def clicks_at_best(chances: Chances | Flags) -> float:
    """Return the clicks to be expected where what is wanted, or likeliest, stands first."""
    best = np.sort(chances.astype(np.float64))[::-1][:PAGE]
    return float(LOOKS[: len(best)] @ best)
