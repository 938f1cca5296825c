"""Linear: how much going for each item foretells each other one, all others known, in closed form.

With X the readers' interactions, each divided by the fourth roots of what the reader and the item have:

    minimise |X − XB|² + λ|B|², diag(B) = 0        P = (XᵀX + λI)⁻¹,   b_ij = −p_ij / p_jj

Steck: "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. Unlike the walk's, what one item
says is not said again by those that go along with it, and it may speak against another. Of each item the
64 weights that are furthest from zero are kept, as lists like the walk's.

An inverse takes as many times the square of the items in memory and the cube in time, so that only the
4,096 with the most readers take part: 64 MiB a matrix, and seconds. What else there is, factors, walk
and text speak for. λ is five times the mean of the diagonal: of much less, few readers make much.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.neighbours import WIDTH, bounded
from recsvc.core.top_k import top_per_row

MOST_ITEMS = 4_096

_EXPONENT = 0.25
_REGULARIZATION = 5.0

Rows = NDArray[np.int64]


def linear(evidence: sp.csr_matrix, most_items: int = MOST_ITEMS) -> sp.csr_matrix:
    """Return the (n_items, n_items) weights, 64 of each row, never itself.

    Args:
        evidence: (n_users, n_items); what is not positive says nothing.
        most_items: that take part, those with the most readers.
    """
    n_items = evidence.shape[1]
    liked = bounded(evidence)
    degrees = np.bincount(liked.indices, minlength=n_items)
    rows = np.sort(np.argsort(-degrees, kind="stable")[:most_items])
    rows = rows[degrees[rows] > 0]
    if len(rows) < 2:
        return sp.csr_matrix((n_items, n_items), dtype=np.float32)
    root = degrees[rows] ** _EXPONENT
    kept = sp.csr_matrix(_weighed(liked)[:, rows] @ sp.diags(1 / root)).astype(np.float32)
    foretold = _foretold((kept.T @ kept).toarray())
    foretold *= (root / root[:, None]).astype(np.float32)
    found = _furthest(foretold).tocoo()
    at = (rows[found.row], rows[found.col])
    return sp.csr_matrix((found.data, at), shape=(n_items, n_items), dtype=np.float32)


def _weighed(liked: sp.csr_matrix) -> sp.csr_matrix:
    """Return a 1 for whatever is liked, divided by the root of how much its reader likes."""
    sizes = np.diff(liked.indptr)
    weights = np.repeat(np.maximum(sizes, 1) ** -_EXPONENT, sizes)
    return sp.csr_matrix((weights, liked.indices, liked.indptr), shape=liked.shape)


def _foretold(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return B; it takes the place of the gram."""
    places = np.diag_indices(len(gram))
    gram[places] += _REGULARIZATION * gram[places].mean()
    inverse = np.linalg.inv(gram)
    inverse /= -np.diag(inverse).copy()[None, :]
    inverse[places] = 0
    foretold: NDArray[np.float32] = inverse
    return foretold


def _furthest(weights: NDArray[np.float32]) -> sp.csr_matrix:
    """Return the 64 entries of each row that are furthest from zero."""
    size = sp.csr_matrix(np.abs(weights))
    kept = top_per_row(size, WIDTH).tocoo()
    found = (weights[kept.row, kept.col], (kept.row, kept.col))
    return sp.csr_matrix(found, shape=weights.shape)
