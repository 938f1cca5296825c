"""What is unknown of an item, from the items its text is nearest to.

A new item's factors are the mean of the factors of its 50 nearest items, weighted by squared
similarity. On citeulike-t this and plain ridge regression reach the same recall, but the mean needs no
training, and added to the TF-IDF score of a reader's profile it beats both. Where little is near, the
mean shrinks towards zero, which says nothing.
"""

import numpy as np
import scipy.sparse as sp

from recsvc.core.text.tfidf import Texts
from recsvc.core.top_k import top_per_row

N_NEAREST = 50
_CHUNK = 512
# Squared similarity that an item like no other would need to be believed by half.
_SHRINKAGE = 0.05


def nearest(new: Texts, known: Texts, n_nearest: int = N_NEAREST) -> sp.csr_matrix:
    """Return (n_new, n_known) weights of each new item's nearest ones; they sum to less than 1."""
    if known.n == 0 or new.n == 0:
        return sp.csr_matrix((new.n, known.n), dtype=np.float32)
    wanted, transposed = new.postings.T.tocsr(), known.postings
    parts = [
        top_per_row((wanted[start : start + _CHUNK] @ transposed).tocsr(), n_nearest)
        for start in range(0, new.n, _CHUNK)
    ]
    weights = sp.vstack(parts, format="csr", dtype=np.float32)
    weights.data *= weights.data
    sums = np.asarray(weights.sum(axis=1)).ravel() + _SHRINKAGE
    weights.data /= np.repeat(sums, np.diff(weights.indptr)).astype(np.float32)
    return weights
