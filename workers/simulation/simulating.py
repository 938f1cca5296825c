"""Days pass: readers of a world come to a site, and it is counted what they were shown and clicked.

Who comes and what they want today is drawn from seed, day and reader alone, so that sites that rank
differently are asked by the same readers in the same mood: what differs is the ranking.

The regret of a list is held against an oracle that knows tastes, quality and how interest fades, and
shows what its reader most likely wants first. It does not know moods, which nobody can. Both are
expected clicks, so that luck is in neither.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np

from recsvc.core.loop import gini
from workers.simulation.world import (
    LOOKS,
    PAGE,
    Chances,
    Rows,
    World,
    WorldParams,
    acted,
    clicks_at_best,
)


class Served(msgspec.Struct, frozen=True):
    """A list that a reader was served.

    Attributes:
        feed_id: what it is called by who served it.
        rows: of the items, best first.
    """

    feed_id: str
    rows: Rows


class Visit(msgspec.Struct, frozen=True):
    """A reader came, looked down a list and clicked.

    Attributes:
        clicked, voted: positions in the list; only what is clicked is voted for.
    """

    who: int
    served: Served
    clicked: Rows
    voted: Rows


class Site(Protocol):
    """Who ranks."""

    def open(self, day: int) -> None:
        """List what the day brings, and learn from the days before."""

    def feed(self, who: int) -> Served:
        """Return a reader's list, of `PAGE` items at most."""

    def tell(self, day: int, visits: list[Visit]) -> None:
        """Take in what readers did on a day."""


class Figures(msgspec.Struct, frozen=True):
    """What came of a day, or of all of them.

    Attributes:
        visits: how many there were.
        clicks: per visit.
        taste_match: how much readers like the subjects of what they look at, the mean over places by how
            likely they are looked at; 1: all of it is on what they like most.
        coverage: share of the items listed by then that somebody has clicked.
        gini: how unequally places fell to the items listed by then: 0 all alike, 1 all to one.
        regret: share of the oracle's expected clicks that were missed.
    """

    visits: int
    clicks: float
    taste_match: float
    coverage: float
    gini: float
    regret: float


class Outcome(msgspec.Struct, frozen=True):
    """What came of a site.

    Attributes:
        days: of each day; coverage and Gini since the first.
        total: of all of them.
    """

    name: str
    total: Figures
    days: list[Figures]


class _Tally:
    """What is added up; days and their total alike."""

    def __init__(self) -> None:
        self.visits = self.clicks = 0
        self.liked = self.looked = self.earned = self.best = 0.0

    def add(self, visit: Visit, liking: Chances, chances: Chances, best: float) -> None:
        """Count a visit.

        Args:
            liking, chances: (PAGE or fewer,) of what stood at each position.
        """
        looks = LOOKS[: len(liking)]
        self.visits += 1
        self.clicks += len(visit.clicked)
        self.liked += float(looks @ liking)
        self.looked += float(looks.sum())
        self.earned += float(looks @ chances)
        self.best += best

    def figures(self, coverage: float, unequal: float) -> Figures:
        """Return what it comes to."""
        return Figures(
            self.visits,
            self.clicks / max(self.visits, 1),
            self.liked / self.looked if self.looked else 0.0,
            coverage,
            unequal,
            1 - self.earned / self.best if self.best else 0.0,
        )


def simulate(
    params: WorldParams, name: str, site: Site, on_day: Callable[[int], object] = lambda _: None
) -> Outcome:
    """Let days pass on a site and return what came of them.

    Args:
        on_day: told of each day that has passed.
    """
    world = World(params, np.random.default_rng(params.seed))
    taken: list[set[int]] = [set() for _ in range(params.readers)]
    clicked, shown = set[int](), np.zeros(params.n_items, np.int64)
    total, days = _Tally(), []
    for day in range(params.days):
        site.open(day)
        today, visits, n = _Tally(), [], params.n_listed(day)
        for who in world.visitors(np.random.default_rng([params.seed, day])):
            rng = np.random.default_rng([params.seed, day, who])
            chances = world.chances(who, day, np.array(sorted(taken[who]), np.int64))
            wanted = world.wanted(who, chances, rng)
            served = site.feed(who)
            rows = served.rows[:PAGE]
            visit = Visit(who, served, *acted(wanted[rows], rng))
            visits.append(visit)
            for tally in (today, total):
                tally.add(visit, world.liking[who, rows], chances[rows], clicks_at_best(chances))
            shown[rows] += 1
            taken[who].update(rows[visit.clicked].tolist())
        clicked.update(*taken)
        site.tell(day, visits)
        so_far = len(clicked) / n, gini(shown[shown > 0], n) or 0.0
        days.append(today.figures(*so_far))
        on_day(day)
    return Outcome(name, total.figures(*so_far), days)


class ByChance:
    """A site that ranks by nothing: what every other is to be better than."""

    def __init__(self, params: WorldParams) -> None:
        self._params = params
        self._rng = np.random.default_rng(params.seed)
        self._n = 0

    def open(self, day: int) -> None:
        """List what the day brings."""
        self._n = self._params.n_listed(day)

    def feed(self, who: int) -> Served:  # noqa: ARG002
        """Return any items."""
        return Served("", self._rng.permutation(self._n)[:PAGE])

    def tell(self, day: int, visits: list[Visit]) -> None:
        """Learn nothing."""
