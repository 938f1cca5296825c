"""Popularity, and other rankings that are the same for everybody: what every other has to beat."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from workers.training.holdout import Holdout
from workers.training.moment import Moment

Rows = NDArray[np.int64]
Worth = NDArray[np.float64]

POPULARITY, TRENDING = "popularity", "trending"
_DAYS = (1, 3, 7)


def readers_of(evidence: sp.csr_matrix) -> Rows:
    """Return (n_rows,): how many readers went for each item."""
    return np.bincount(evidence.indices[evidence.data > 0], minlength=evidence.shape[1])


def opponents(holdout: Holdout, moment: Moment) -> dict[str, Worth]:
    """Return what items were worth to everybody at the cut, by name.

    Popularity ever and of the last days, and what is trending; windows without anything are left out.
    """
    ever = readers_of(holdout.histories).astype(np.float64)
    found = {POPULARITY: ever}
    for days in _DAYS:
        lately = _readers_since(holdout, holdout.cut_us - days * DAY_US)
        if lately.any():
            found[f"popularity, {days} day{'s' if days > 1 else ''}"] = lately + _tie(ever)
    scores = moment.catalogue.scores("week")
    if np.isfinite(scores).any():
        trending = np.full(len(ever), -np.inf)
        trending[: len(scores)] = scores
        found[TRENDING] = trending
    return found


def _readers_since(holdout: Holdout, since_us: int) -> Worth:
    liked = (holdout.histories.data > 0) & (holdout.latest_us.data >= since_us)
    rows = holdout.histories.indices[liked]
    return np.bincount(rows, minlength=holdout.histories.shape[1]).astype(np.float64)


def _tie(ever: Worth) -> Worth:
    """Return less than one reader each: of those alike lately, who were more ever come first."""
    return ever / (float(ever.max(initial=0)) + 1)


def lists_by(worth: Worth | Rows, histories: sp.csr_matrix, users: Rows, k: int) -> Iterator[Rows]:
    """Yield each user's list: by what items are worth to everybody, without what the user knows.

    Args:
        worth: (n_rows,); equal ones stand in row order.
    """
    order = np.argsort(-worth, kind="stable")
    for user in users.tolist():
        known = histories.indices[histories.indptr[user] : histories.indptr[user + 1]]
        head = order[: k + len(known)]
        yield head[~np.isin(head, known)][:k]
