"""The best k of many, exactly, without sorting the rest: of a score vector, of each sparse row."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core import compiled

Vector = NDArray[np.float32]
Rows = NDArray[np.int64]

# Sampling pays from here on: below, one partition of everything is as fast.
_SAMPLE_FROM = 5_000
_SAMPLE_STEP = 64


def top_k(scores: Vector, k: int) -> Rows:
    """Return the rows of the k highest finite scores.

    Args:
        scores: (n,) with -inf on rows that must not be returned.

    Returns:
        (at most k,) rows, best first, equal scores in row order; fewer when fewer are finite.
    """
    if scores.dtype == np.float32 and (fast := compiled.kernels()) is not None:
        return fast.top_rows(scores, k)
    best = _best_of(_passing(scores, k), scores, k)
    if len(best) < min(k, len(scores)):  # what is no number may have stood in the way of some
        best = _best_of(np.flatnonzero(np.isfinite(scores)), scores, k)
    return best


def _best_of(rows: Rows, scores: Vector, k: int) -> Rows:
    """Return the first k of some rows in order, but for those whose score is no number."""
    best = rows[np.argsort(-scores[rows], kind="stable")[:k]]
    return best[np.isfinite(scores[best])]


def keep_only(scores: Vector, mask: NDArray[np.bool_]) -> None:
    """Put what a mask leaves out, in place, where `top_k` passes it over.

    A mask may be shorter or longer than the scores: a model may know rows that a catalogue which lags
    behind does not, and the other way round. What the mask does not reach is left out.
    """
    reached = mask[: len(scores)]
    scores[: len(reached)][~reached] = -np.inf
    scores[len(reached) :] = -np.inf


def _passing(scores: Vector, k: int) -> Rows:
    """Return rows, in row order, that surely include the best k with all their ties."""
    n = len(scores)
    if k <= 0:
        return np.empty(0, np.int64)
    if k >= n:
        return np.arange(n)
    if n >= _SAMPLE_FROM:
        # A sample's quantile, three times safe, is nearly always under the k-th score; where it
        # is not, too few rows pass and the full partition decides.
        sample = scores[::_SAMPLE_STEP]
        keep = min(len(sample) - 1, 3 * k // _SAMPLE_STEP + 8)
        threshold = np.partition(sample, len(sample) - 1 - keep)[len(sample) - 1 - keep]
        rows = np.flatnonzero(scores >= threshold)
        if k <= len(rows) < n // 2:
            kth = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
            passing: Rows = rows[scores[rows] >= kth]
            return passing
    kth = np.partition(scores, n - k)[n - k]
    return np.flatnonzero(scores >= kth)


def top_per_row(matrix: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """Return a sparse matrix with the k largest positive entries of each row, columns ascending."""
    columns, values, counts = [], [], np.zeros(matrix.shape[0], np.int64)
    for row in range(matrix.shape[0]):
        lo, hi = matrix.indptr[row], matrix.indptr[row + 1]
        found, data = matrix.indices[lo:hi], matrix.data[lo:hi]
        if len(found) > k:
            kept = np.argpartition(data, len(data) - k)[-k:]
            found, data = found[kept], data[kept]
        positive = data > 0
        order = np.argsort(found[positive])
        columns.append(found[positive][order])
        values.append(data[positive][order])
        counts[row] = len(order)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    flat = (np.concatenate(values), np.concatenate(columns), indptr) if columns else ([], [], [0])
    return sp.csr_matrix(flat, shape=matrix.shape, dtype=np.float32)
