"""Ranking readers who are rows of a matrix: the served model and blend, for tuning, gate, evaluation.

Nothing here decides a score: a snapshot becomes a model by `core.model` and readers are ranked by
`core.ranking.blend`, as in a serving process.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.model import Model, build, publish
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking import metrics
from recsvc.core.ranking.blend import Blend, Common, Ranking, common_to_nobody
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import N_COLUMNS

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BATCH = 64


class Ranked(msgspec.Struct, frozen=True):
    """A model and the blend it is served with."""

    model: Model
    params: BlendParams
    common: Common

    def rankings(
        self,
        histories: sp.csr_matrix,
        users: Rows,
        k: int,
        candidates: Mask,
        advance: Callable[[int], object] = lambda _: None,
    ) -> Iterator[Ranking]:
        """Yield each user's list, in order; nobody is shown what they know.

        Args:
            histories: (n_users, n_rows) evidence; the rows of `users` must not be empty.
            advance: told how many users are done, for progress bars.
        """
        blend = Blend(self.model, self.common, self.params)
        for start in range(0, len(users), _BATCH):
            batch = users[start : start + _BATCH].tolist()
            readers = [reader_of(histories, user) for user in batch]
            yield from blend.rank_all(readers, candidates, k)
            advance(len(batch))

    def ndcg(
        self,
        histories: sp.csr_matrix,
        targets: sp.csr_matrix,
        users: Rows,
        k: int,
        candidates: Mask,
    ) -> NDArray[np.float64]:
        """Return each user's NDCG@k; every user must have a target."""
        rankings = self.rankings(histories, users, k, candidates)
        return ndcg_of((ranking.rows for ranking in rankings), targets, users, k)


def ndcg_of(
    lists: Iterable[Rows], targets: sp.csr_matrix, users: Rows, k: int
) -> NDArray[np.float64]:
    """Return NDCG@k of one list per user, in order; every user must have a target."""
    found = []
    for user, rows in zip(users.tolist(), lists, strict=True):
        wanted = targets.indices[targets.indptr[user] : targets.indptr[user + 1]]
        found.append(metrics.ndcg(metrics.hits(rows, wanted), len(wanted), k))
    return np.array(found)


def reader_of(histories: sp.csr_matrix, user: int) -> Reader:
    """Return the reader in a row of a matrix."""
    lo, hi = histories.indptr[user], histories.indptr[user + 1]
    rows = histories.indices[lo:hi].astype(np.int64)
    return Reader(rows, histories.data[lo:hi].astype(np.float32), [], rows.tolist())


def ranked(model: Model, params: BlendParams) -> Ranked:
    """Return a model ready to rank where nothing is trending or fresh."""
    return Ranked(model, params, common_to_nobody(model, params))


def served(
    snapshot: Snapshot,
    params: BlendParams,
    n_rows: int | None = None,
    arrived: Rows | None = None,
    counts: sp.csr_matrix | None = None,
) -> Ranked:
    """Return a snapshot as it would be served.

    Args:
        n_rows: rows of the catalogue, where it has grown since.
        arrived: (k,) rows whose texts came after training.
        counts: (k, columns) their term counts.
    """
    if arrived is None or counts is None:
        arrived = np.empty(0, np.int64)
        counts = sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)
    model = build(publish(snapshot), n_rows or snapshot.manifest.n_rows, arrived, counts)
    return ranked(model, params)
