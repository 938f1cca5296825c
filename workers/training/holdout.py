"""The holdout: the latest slice of a log set apart, so that a model can be tried on what came after.

A split by time, not at random: a model that has seen next week's readers of an item predicts this
week's too well (Ji, Sun, Zhang, Li: "A Critical Study on Data Leakage in Recommender System Offline
Evaluation", TOIS 2023).
"""

import msgspec
import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.readers.profile import ProfileParams
from workers.training.interactions import interactions


class Holdout(msgspec.Struct, frozen=True):
    """A log in two: before an instant, and from then on.

    Attributes:
        histories: (n_users, n_rows) evidence before the cut.
        targets: (n_users, n_rows) what readers went for from then on and had not acted on before.
        users: rows of the readers who have both.
        cut_us: the instant, by the events' own time.
        began_us: when the service received the first event of the slice.
    """

    histories: sp.csr_matrix
    targets: sp.csr_matrix
    users: NDArray[np.int64]
    cut_us: int
    began_us: int


def hold_out(
    events: pl.DataFrame,
    listed: dict[str, int],
    n_rows: int,
    params: ProfileParams,
    share: float,
) -> Holdout | None:
    """Set the latest share of the events that say something about taste apart.

    Args:
        events: the log, every item under its own id.
        listed: row of every item in the catalogue.

    Returns:
        None when no instant divides the log.
    """
    telling = [name for name, kind in params.kinds.items() if kind.weight > 0]
    times = events.filter(pl.col("kind").is_in(telling))["at_us"].sort()
    if len(times) == 0:
        return None
    cut_us = int(times[int(len(times) * (1 - share))])
    before = events.filter(pl.col("at_us") < cut_us)
    after = events.filter(pl.col("at_us") >= cut_us)
    if len(before) == 0:
        return None
    past = interactions(before, listed, n_rows, params, cut_us)
    future = interactions(after, listed, n_rows, params, cut_us)
    targets = _new(_aligned(future.evidence, future.users, past.users), past.evidence)
    has_both = (np.diff(targets.indptr) > 0) & (np.diff(past.evidence.indptr) > 0)
    began_us = after["received_us"].min()
    assert isinstance(began_us, int), "the slice has at least the event at its cut"
    return Holdout(past.evidence, targets, np.flatnonzero(has_both), cut_us, began_us)


def _aligned(evidence: sp.csr_matrix, users: list[str], wanted: list[str]) -> sp.csr_matrix:
    """Return the rows of some users, in their order; empty ones for those who have none."""
    row_of = {user: row for row, user in enumerate(users)}
    places = [(to, row_of[user]) for to, user in enumerate(wanted) if user in row_of]
    to, source = np.array(places, np.int64).reshape(-1, 2).T
    chosen = sp.csr_matrix(
        (np.ones(len(to), np.float32), (to, source)), shape=(len(wanted), len(users))
    )
    return sp.csr_matrix(chosen @ evidence)


def _new(future: sp.csr_matrix, past: sp.csr_matrix) -> sp.csr_matrix:
    """Return what was gone for, without what there was something with before."""
    liked = (future > 0).astype(np.float32)
    known = (past != 0).astype(np.float32)
    new = sp.csr_matrix(liked - liked.multiply(known), dtype=np.float32)
    new.eliminate_zeros()
    new.sort_indices()
    return new


def at_random(
    evidence: sp.csr_matrix, share: float, seed: int
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Return what is left of a matrix, and a share of what was gone for, drawn at random."""
    pairs = evidence.tocoo()
    drawn = np.random.default_rng(seed).random(pairs.nnz) < share
    held = drawn & (pairs.data > 0)
    return _part(pairs, ~held), _part(pairs, held)


def _part(pairs: sp.coo_matrix, chosen: NDArray[np.bool_]) -> sp.csr_matrix:
    kept = (pairs.data[chosen], (pairs.row[chosen], pairs.col[chosen]))
    matrix = sp.csr_matrix(kept, shape=pairs.shape, dtype=np.float32)
    matrix.sort_indices()
    return matrix
