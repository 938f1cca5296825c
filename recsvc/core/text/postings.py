"""Postings: which texts say a term, by term.

Those of a published snapshot are made once; what came or changed since is a small list of its own
beside them, so that an item that arrives costs what has arrived, not what there is. A row stands in one
of the two only: what is said of it adds up in the same order as if there were one list.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core import compiled
from recsvc.core.text.tfidf import Texts

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

_NONE: Rows = np.empty(0, np.int64)


class Postings(msgspec.Struct, frozen=True):
    """The texts of n rows by their terms.

    Attributes:
        base: (at most n_terms, at most n) as they were published.
        fresh: (n_terms, n) of rows that came or changed since; None when there are none.
        stale: (k,) the rows of `base` that changed.
    """

    base: sp.csr_matrix
    fresh: sp.csr_matrix | None = None
    stale: Rows = _NONE

    @property
    def n(self) -> int:
        """How many rows there are up to the last that says something."""
        return int(self._parts[-1].shape[1])

    @property
    def is_narrow(self) -> bool:
        """Whether numbers of 32 bits tell the postings apart, as the kernels take them."""
        return all(map(_is_narrow, self._parts))

    def n_saying(self, terms: Rows) -> int:
        """Return how many postings some terms have."""
        return sum(_n_saying(part, terms) for part in self._parts)

    def scores(self, terms: Rows, weights: Vector, n: int) -> Vector:
        """Return (n,) how much each text says of some terms.

        Args:
            terms: (t,) ascending.
            weights: (t,) how much each counts.
        """
        scores = _scores(self.base, terms, weights, n)
        scores[self.stale] = 0
        if self.fresh is not None:
            scores += _scores(self.fresh, terms, weights, n)
        return scores

    @property
    def _parts(self) -> tuple[sp.csr_matrix, ...]:
        return (self.base,) if self.fresh is None else (self.base, self.fresh)


def posted(base: sp.csr_matrix, rows: Rows, texts: Texts, n: int) -> Postings:
    """Return what was published and what came or changed since as the postings of n rows.

    Args:
        rows: (k,) ascending: what came or changed.
        texts: of those rows, of all terms that there are.
    """
    if len(rows) == 0:
        return Postings(base)
    found = texts.postings
    at = rows[found.indices].astype(np.int32)
    fresh = sp.csr_matrix((found.data, at, found.indptr), shape=(texts.n_terms, n))
    return Postings(base, fresh, rows[rows < base.shape[1]])


def _is_narrow(postings: sp.csr_matrix) -> bool:
    return bool(postings.indptr.dtype == np.int32)


def _n_saying(postings: sp.csr_matrix, terms: Rows) -> int:
    ends, known = postings.indptr, terms[terms < postings.shape[0]]
    return int((ends[known + 1] - ends[known]).sum())


def _scores(postings: sp.csr_matrix, terms: Rows, weights: Vector, n: int) -> Vector:
    n_known = int(np.searchsorted(terms, postings.shape[0]))  # the others came later
    terms, weights = terms[:n_known], weights[:n_known]
    fast = compiled.kernels()
    if fast is not None and _is_narrow(postings):
        return fast.text_scores(postings, terms, weights, n)
    scores = np.zeros(n, np.float32)
    scores[: postings.shape[1]] = postings[terms].T @ weights
    return scores
