"""Methods: the shipped ranking, each of its voices alone, and what needs no model."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import to_us
from recsvc.core.items.item import StoredItem
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.params import BlendParams
from workers.training.holdout import Holdout
from workers.training.popularity import lists_by, readers_of
from workers.training.ranking import served

Rows = NDArray[np.int64]
Advance = Callable[[int], object]
Lists = Callable[[Rows, int, Advance], Iterator[Rows]]

SHIPPED, POPULARITY = "the feed", "popularity"


def methods(
    snapshot: Snapshot, holdout: Holdout, items: dict[int, StoredItem], blend: BlendParams
) -> dict[str, Lists]:
    """Return every method by name, the shipped one first.

    Args:
        snapshot: trained on the histories of the holdout.
        items: by row; their listing decides what is recent.
    """
    replace = msgspec.structs.replace
    voices = {
        SHIPPED: blend,
        "ALS alone": replace(blend, similar=0.0, content=0.0),
        "item to item": replace(blend, personal=0.0, content=0.0),
        "TF-IDF": replace(blend, personal=0.0, similar=0.0),
    }
    n_rows = holdout.histories.shape[1]
    candidates = np.zeros(n_rows, bool)
    candidates[list(items)] = True
    found: dict[str, Lists] = {
        name: _by_voices(snapshot, params, holdout, candidates) for name, params in voices.items()
    }
    found[POPULARITY] = _by_worth(readers_of(holdout.histories).astype(np.float64), holdout)
    found["recency"] = _by_worth(listed(items, n_rows), holdout)
    return found


def listed(items: dict[int, StoredItem], n_rows: int) -> NDArray[np.float64]:
    """Return (n_rows,): when each item was listed, µs; -1 for rows without an item."""
    at = np.full(n_rows, -1.0)
    for row, item in items.items():
        at[row] = item.created_us if item.listed_at is None else to_us(item.listed_at)
    return at


def _by_voices(
    snapshot: Snapshot, params: BlendParams, holdout: Holdout, candidates: NDArray[np.bool_]
) -> Lists:
    ranked = served(snapshot, params)

    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        rankings = ranked.rankings(holdout.histories, users, k, candidates, advance)
        return (ranking.rows for ranking in rankings)

    return lists


def _by_worth(worth: NDArray[np.float64], holdout: Holdout) -> Lists:
    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        for rows in lists_by(worth, holdout.histories, users, k):
            yield rows
            advance(1)

    return lists
