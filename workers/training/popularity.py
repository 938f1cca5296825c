"""Popularity, and other rankings that are the same for everybody: what every other has to beat."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def readers_of(evidence: sp.csr_matrix) -> Rows:
    """Return (n_rows,): how many readers went for each item."""
    return np.bincount(evidence.indices[evidence.data > 0], minlength=evidence.shape[1])


def lists_by(
    worth: NDArray[np.float64] | Rows, histories: sp.csr_matrix, users: Rows, k: int
) -> Iterator[Rows]:
    """Yield each user's list: by what items are worth to everybody, without what the user knows.

    Args:
        worth: (n_rows,); equal ones stand in row order.
    """
    order = np.argsort(-worth, kind="stable")
    for user in users.tolist():
        known = histories.indices[histories.indptr[user] : histories.indptr[user + 1]]
        head = order[: k + len(known)]
        yield head[~np.isin(head, known)][:k]
