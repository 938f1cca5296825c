"""What is unknown of an item, from the items its text is nearest to.

A new item's factors are the mean of the factors of its 50 nearest items, weighted by squared
similarity. On citeulike-t this and plain ridge regression reach the same recall, but the mean needs no
training, and added to the TF-IDF score of a reader's profile it beats both. Where little is near, the
mean shrinks towards zero, which says nothing.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core import compiled
from recsvc.core.text.postings import Postings
from recsvc.core.text.tfidf import Texts
from recsvc.core.top_k import top_k, top_per_row

N_NEAREST = 50
_CHUNK = 512
# Squared similarity that an item like no other would need to be believed by half.
_SHRINKAGE = 0.05


def nearest(new: Texts, known: Texts, n_nearest: int = N_NEAREST) -> sp.csr_matrix:
    """Return (n_new, n_known) weights of each new item's nearest ones; they sum to less than 1."""
    if known.n == 0 or new.n == 0:
        return sp.csr_matrix((new.n, known.n), dtype=np.float32)
    wanted, postings = new.postings.T.tocsr(), known.postings
    if compiled.kernels() is None:
        weights = _alike_by_scipy(wanted, postings, n_nearest)
    else:
        weights = _alike(Postings(postings), wanted, np.ones(known.n, bool), n_nearest)
    return _believed(weights)


def nearest_among(
    new: Texts, postings: Postings, is_known: NDArray[np.bool_], n_nearest: int = N_NEAREST
) -> sp.csr_matrix:
    """Return (n_new, n_known) the same among the rows that are known, where postings are at hand.

    Args:
        is_known: (n_known,) of the first rows of the postings; those beyond are not.
    """
    return _believed(_alike(postings, new.postings.T.tocsr(), is_known, n_nearest))


def _believed(weights: sp.csr_matrix) -> sp.csr_matrix:
    """Return the weights that likenesses have."""
    weights.data *= weights.data
    sums = np.asarray(weights.sum(axis=1)).ravel() + _SHRINKAGE
    weights.data /= np.repeat(sums, np.diff(weights.indptr)).astype(np.float32)
    return weights


def _alike(
    postings: Postings, wanted: sp.csr_matrix, is_known: NDArray[np.bool_], k: int
) -> sp.csr_matrix:
    """Return the k largest of each row of a product: one row at a time, which stays in the cache."""
    n, terms = len(is_known), wanted.indices.astype(np.int64)
    others = np.flatnonzero(~is_known)
    columns, values = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    starts = np.zeros(wanted.shape[0] + 1, np.int64)
    for row in range(wanted.shape[0]):
        own = slice(wanted.indptr[row], wanted.indptr[row + 1])
        scores = postings.scores(terms[own], wanted.data[own], max(n, postings.n))[:n]
        scores[others] = 0
        best = top_k(scores, k)
        best = np.sort(best[scores[best] > 0])
        columns.append(best)
        values.append(scores[best])
        starts[row + 1] = starts[row] + len(best)
    flat = (np.concatenate(values), np.concatenate(columns), starts)
    return sp.csr_matrix(flat, shape=(wanted.shape[0], n), dtype=np.float32)


def _alike_by_scipy(wanted: sp.csr_matrix, postings: sp.csr_matrix, k: int) -> sp.csr_matrix:
    parts = [
        top_per_row((wanted[start : start + _CHUNK] @ postings).tocsr(), k)
        for start in range(0, wanted.shape[0], _CHUNK)
    ]
    return sp.vstack(parts, format="csr", dtype=np.float32)
