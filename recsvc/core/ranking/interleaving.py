"""Interleaving: two rankings in one list, and whose pick each place is.

Team draft (Radlinski, Kurup, Joachims: "How does clickthrough data reflect retrieval quality?", CIKM
2008): in each round either ranking picks its best item that is not taken yet, who goes first being
drawn. A click counts for who picked the item. The reader compares the two within one list, so that what
differs between readers falls out of the comparison.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.exploration import chance_of

Teams = NDArray[np.uint8]


def drafted(first: Ranking, second: Ranking, seed: int) -> tuple[Ranking, Teams]:
    """Return one ranking of two, and for each place which of them picked it: 0 or 1.

    Ends when either has nothing left to pick. Its voices are the first's.

    Args:
        seed: 32 bits.
    """
    sides = (first.rows.tolist(), second.rows.tolist())
    begins = chance_of(seed, max(map(len, sides)) + 1) < 0.5
    taken: set[int] = set()
    at = [0, 0]
    picks: list[tuple[int, int]] = []
    for second_first in begins.tolist():
        for team in (1, 0) if second_first else (0, 1):
            rows = sides[team]
            while at[team] < len(rows) and rows[at[team]] in taken:
                at[team] += 1
            if at[team] == len(rows):
                return _of(first, second, picks)
            taken.add(rows[at[team]])
            picks.append((team, at[team]))
    return _of(first, second, picks)


def _of(first: Ranking, second: Ranking, picks: list[tuple[int, int]]) -> tuple[Ranking, Teams]:
    teams = np.array([team for team, _ in picks], np.uint8)
    places = np.array([place for _, place in picks], np.int64)

    def picked(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> NDArray[np.generic]:
        found = np.empty(len(picks), ours.dtype)
        found[teams == 0] = ours[places[teams == 0]]
        found[teams == 1] = theirs[places[teams == 1]]
        return found

    mixed = msgspec.structs.replace(
        first,
        rows=picked(first.rows, second.rows),
        scores=picked(first.scores, second.scores),
        sources=picked(first.sources, second.sources),
    )
    return mixed, teams
