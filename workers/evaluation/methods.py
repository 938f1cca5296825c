"""Methods: the ranking as it would have been served at the cut, each voice alone, and its opponents."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from recsvc.clock import to_us
from recsvc.core.items.item import StoredItem
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import VOICES
from workers.training.holdout import Holdout
from workers.training.moment import Moment, moment_of
from workers.training.popularity import lists_by, opponents
from workers.training.ranking import Ranked, model_of, ranked

Rows = NDArray[np.int64]
Advance = Callable[[int], object]
Lists = Callable[[Rows, int, Advance], Iterator[Rows]]

SHIPPED = "the feed"


def methods(
    snapshot: Snapshot, holdout: Holdout, items: dict[int, StoredItem], blend: BlendParams
) -> dict[str, Lists]:
    """Return every method by name, the shipped one first.

    Args:
        snapshot: trained on the histories of the holdout.
        items: by row; their listing decides what is recent.
    """
    moment = moment_of(holdout, items, blend.votes)
    model = model_of(snapshot)
    found = {SHIPPED: _by_voices(ranked(model, blend, moment), holdout, moment)}
    for voice in VOICES:
        if voice.weight(blend):
            alone = ranked(model, blend, moment, [voice])
            found[f"{voice.name} alone"] = _by_voices(alone, holdout, moment)
    for name, worth in opponents(holdout, moment).items():
        found[name] = _by_worth(worth, holdout)
    found["recency"] = _by_worth(listed(items, holdout.histories.shape[1]), holdout)
    return found


def listed(items: dict[int, StoredItem], n_rows: int) -> NDArray[np.float64]:
    """Return (n_rows,): when each item was listed, µs; -1 for rows without an item."""
    at = np.full(n_rows, -1.0)
    for row, item in items.items():
        at[row] = item.created_us if item.listed_at is None else to_us(item.listed_at)
    return at


def _by_voices(shipped: Ranked, holdout: Holdout, moment: Moment) -> Lists:
    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        rankings = shipped.rankings(holdout.histories, users, k, moment.listed, advance)
        return (ranking.rows for ranking in rankings)

    return lists


def _by_worth(worth: NDArray[np.float64], holdout: Holdout) -> Lists:
    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        for rows in lists_by(worth, holdout.histories, users, k):
            yield rows
            advance(1)

    return lists
