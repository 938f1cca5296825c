"""Ranking readers who are rows of a matrix: the served model and blend, for tuning, gate, evaluation.

Nothing here decides a score: a snapshot becomes a model by `core.model` and readers are ranked by
`core.ranking.blend`, as in a serving process: histories in the order of time, the latest last, and what
is trending and fresh as of the moment given.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.model import Model, build, publish
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking import metrics
from recsvc.core.ranking.blend import Blend, Common, Ranking, common, common_to_nobody
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import N_COLUMNS
from workers.training.moment import Moment

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BATCH = 64


class Ranked(msgspec.Struct, frozen=True):
    """A model and the blend it is served with.

    Attributes:
        latest_us: (n_users, n_rows) when each reader last acted on each item; None where nobody knows.
    """

    model: Model
    params: BlendParams
    common: Common
    latest_us: sp.csr_matrix | None = None

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
            readers = [reader_of(histories, user, self.latest_us) for user in batch]
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


def reader_of(
    histories: sp.csr_matrix, user: int, latest_us: sp.csr_matrix | None = None
) -> Reader:
    """Return the reader in a row of a matrix.

    Args:
        latest_us: as of `Ranked`, with at least what the histories hold; without it the order of rows
            stands for that of time.
    """
    rows, evidence = _row(histories, user)
    if latest_us is not None:
        known, at_us = _row(latest_us, user)
        order = np.argsort(at_us[np.searchsorted(known, rows)], kind="stable")
        rows, evidence = rows[order], evidence[order]
    return Reader(rows, evidence.astype(np.float32), [], rows.tolist())


def _row(matrix: sp.csr_matrix, row: int) -> tuple[Rows, NDArray[np.float64]]:
    lo, hi = matrix.indptr[row], matrix.indptr[row + 1]
    return matrix.indices[lo:hi].astype(np.int64), matrix.data[lo:hi]


def ranked(
    model: Model,
    params: BlendParams,
    moment: Moment | None = None,
    voices: Sequence[Voice] = VOICES,
) -> Ranked:
    """Return a model ready to rank; without a moment nothing is trending or fresh."""
    params = params.with_weights(model.weights, model.half_at)
    if moment is None:
        return Ranked(model, params, common_to_nobody(model, params, voices))
    shared = common(moment.catalogue, model, params, moment.at_us, voices)
    return Ranked(model, params, shared, moment.latest_us)


def served(snapshot: Snapshot, params: BlendParams, moment: Moment | None = None) -> Ranked:
    """Return a snapshot as it would be served to the catalogue that it was trained on.

    Args:
        moment: when; None where nothing is known of time.
    """
    return ranked(model_of(snapshot), params, moment)


def model_of(
    snapshot: Snapshot,
    n_rows: int | None = None,
    arrived: Rows | None = None,
    counts: sp.csr_matrix | None = None,
) -> Model:
    """Return what a snapshot becomes in a serving process; arguments as of `served`."""
    if arrived is None or counts is None:
        arrived = np.empty(0, np.int64)
        counts = sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)
    return build(publish(snapshot), n_rows or snapshot.manifest.n_rows, arrived, counts)
