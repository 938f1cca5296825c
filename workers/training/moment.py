"""The moment of the cut: what was trending and fresh then, so that ranking is as served."""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, BoardRow, TrendingParams
from workers.training.holdout import Holdout
from workers.training.interactions import Votes


class Moment(msgspec.Struct, frozen=True):
    """What there was at an instant, beside a model.

    Attributes:
        catalogue: with the votes that stood.
        latest_us: (n_users, n_rows) when each reader last acted on each item.
        listed: (n_rows,) which rows hold an item.
    """

    catalogue: Catalogue
    latest_us: sp.csr_matrix
    at_us: int
    listed: NDArray[np.bool_]


def moment_of(holdout: Holdout, items: dict[int, StoredItem], fading: TrendingParams) -> Moment:
    """Return what there was at the cut.

    Args:
        items: the catalogue by row.
    """
    catalogue = Catalogue(lambda: holdout.cut_us)
    for row, item in items.items():
        catalogue.put(row, item)
    for row, board in _boards(holdout.votes, fading).items():
        catalogue.set_board(items[row].id, board)
    is_listed = np.zeros(holdout.histories.shape[1], bool)
    is_listed[list(items)] = True
    return Moment(catalogue, holdout.latest_us, holdout.cut_us, is_listed)


def _boards(votes: Votes, fading: TrendingParams) -> dict[int, BoardRow]:
    """Return the boards by row, as ingesting the votes would have made them."""
    voted, place = np.unique(votes.rows, return_inverse=True)
    half_lives_us = fading.half_lives_us()
    scores = np.stack([_log_scores(place, votes.at_us, h) for h in half_lives_us], axis=1)
    last = np.zeros(len(voted), np.int64)
    np.maximum.at(last, place, votes.at_us)
    n = np.bincount(place, minlength=len(voted))
    return {
        row: BoardRow(int(n[i]), int(last[i]), tuple(scores[i].tolist()), {})
        for i, row in enumerate(voted.tolist())
    }


def _log_scores(
    place: NDArray[np.int64], at_us: NDArray[np.int64], half_life_us: float
) -> NDArray[np.float64]:
    """Return log2 of the decayed votes in each place, as `trending.log_score` does one by one."""
    exponents = (at_us - EPOCH_US) / half_life_us
    newest = np.full(int(place.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(newest, place, exponents)
    return newest + np.log2(
        np.bincount(place, 2.0 ** (exponents - newest[place]), minlength=len(newest))
    )
