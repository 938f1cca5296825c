"""Popularity, and other rankings that are the same for everybody: what every other has to beat."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.items.trending import TrendingParams
from recsvc.core.ranking.public_lists import Fading, cold_list
from workers.training.interactions import Votes
from workers.training.moment import Moment

Rows = NDArray[np.int64]
Worth = NDArray[np.float64]

POPULARITY, TRENDING = "popularity", "trending"
_DAYS = (1, 3, 7)


def readers_of(evidence: sp.csr_matrix) -> Rows:
    """Return (n_rows,): how many readers went for each item."""
    return np.bincount(evidence.indices[evidence.data > 0], minlength=evidence.shape[1])


def opponents(moment: Moment, fading: TrendingParams) -> dict[str, Worth]:
    """Return what items were worth to everybody at a moment, by name; -inf of those not listed.

    Popularity ever and of the last days, and the list that strangers are served.
    """
    n = len(moment.listed)
    ever = _readers_since(moment.liked, n)
    found = {POPULARITY: ever}
    for days in _DAYS:
        lately = _readers_since(moment.liked, n, moment.at_us - days * DAY_US)
        found[f"popularity, {days} day{'s' if days > 1 else ''}"] = lately + _tie(ever)
    found[TRENDING] = _to_strangers(moment, fading)
    return {name: np.where(moment.listed, worth, -np.inf) for name, worth in found.items()}


def _to_strangers(moment: Moment, fading: TrendingParams) -> Worth:
    """Return worths in the order of what somebody unknown is served."""
    fades = Fading("month", fading.half_life_us("month"), moment.at_us)
    n = moment.catalogue.n
    order = cold_list(moment.catalogue, fades, moment.listed[:n], n).rows
    worth = np.full(len(moment.listed), -np.inf)
    worth[order] = -np.arange(len(order))
    return worth


def _readers_since(liked: Votes, n_rows: int, since_us: int | None = None) -> Worth:
    rows = liked.rows if since_us is None else liked.rows[liked.at_us >= since_us]
    return np.bincount(rows, minlength=n_rows).astype(np.float64)


def _tie(ever: Worth) -> Worth:
    """Return less than one reader each: of those alike lately, who were more ever come first."""
    return ever / (float(ever.max(initial=0)) + 1)


def lists_by(worth: Worth | Rows, histories: sp.csr_matrix, users: Rows, k: int) -> Iterator[Rows]:
    """Yield each user's list: by what items are worth to everybody, without what the user knows.

    Args:
        worth: (n_rows,); equal ones stand in row order, and what is worth -inf in no list.
    """
    order = np.argsort(-worth, kind="stable")
    order = order[worth[order] > -np.inf]
    for user in users.tolist():
        known = histories.indices[histories.indptr[user] : histories.indptr[user + 1]]
        head = order[: k + len(known)]
        yield head[~np.isin(head, known)][:k]
