"""TF-IDF: term counts to rows of length 1 whose dot products are similarities.

    weight = (1 + ln tf) · (ln((1 + N) / (1 + df)) + 1)

Manning, Raghavan, Schütze: "Introduction to Information Retrieval" (2008), section 6.2; the smoothed
inverse document frequency keeps a term that stands everywhere at weight 1 instead of 0, since in a
small catalogue it may still be what items are about. In one of 1,000 items or more, terms that most of
them have weigh 0.

Of each item the 48 heaviest terms are kept. What is cut is what all texts share; what is won is half
the time of every feed, and rows that lie side by side in plain arrays of one width.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.sharing import csr_of

WIDTH = 48
_MANY = 1_000


class Terms(msgspec.Struct, frozen=True):
    """Which terms count, and how much: fitted on a catalogue, applied to any item.

    Attributes:
        columns: (n_terms,) int32, ascending: the columns of the counts that are kept.
        idf: (n_terms,) float32 inverse document frequencies.
        ids: (n_terms,) int32: the number by which texts know each term.
    """

    columns: NDArray[np.int32]
    idf: NDArray[np.float32]
    ids: NDArray[np.int32]

    @property
    def n(self) -> int:
        """Number of terms."""
        return len(self.columns)


class Texts(msgspec.Struct, frozen=True):
    """The texts of a catalogue: sparse rows of length 1, padded to one width.

    Attributes:
        terms: (n, WIDTH) int32, index into the terms; 0 where padded.
        weights: (n, WIDTH) float32; 0 where padded. A row of zeros has no text, or none in common
            with others.
        n_terms: how many terms there are; at least 1, which padding points to.
    """

    terms: NDArray[np.int32]
    weights: NDArray[np.float32]
    n_terms: int

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.terms)

    @property
    def matrix(self) -> sp.csr_matrix:
        """The (n, n_terms) matrix, sharing memory."""
        indptr = np.arange(0, self.terms.size + 1, WIDTH, dtype=np.int32)
        return csr_of(self.weights.ravel(), self.terms.ravel(), indptr, (self.n, self.n_terms))

    @property
    def postings(self) -> sp.csr_matrix:
        """The (n_terms, n) matrix of which rows say a term, without padding."""
        unpadded = self.matrix.copy()
        unpadded.eliminate_zeros()
        return unpadded.T.tocsr()

    def rows(self, rows: NDArray[np.int64]) -> "Texts":
        """Return some rows."""
        return Texts(self.terms[rows], self.weights[rows], self.n_terms)


def empty(n: int, n_terms: int) -> Texts:
    """Return rows without text."""
    terms, weights = np.zeros((n, WIDTH), np.int32), np.zeros((n, WIDTH), np.float32)
    return Texts(terms, weights, max(n_terms, 1))


def fit(counts: sp.csr_matrix) -> Terms:
    """Choose the terms that can make two items alike, and weigh them.

    A term in one item only says nothing about others and is dropped.
    """
    columns, idf = _shared(counts, counts.shape[0])
    return Terms(columns, idf, np.arange(len(columns), dtype=np.int32))


def extended(terms: Terms, counts: sp.csr_matrix, n_items: int) -> Terms:
    """Return the terms and those that only new items share; known terms keep their ids.

    Args:
        counts: of the new items.
        n_items: in the whole catalogue.
    """
    columns, idf = _shared(counts, n_items)
    unknown = ~np.isin(columns, terms.columns)
    if not unknown.any():
        return terms
    ids = terms.n + np.arange(int(unknown.sum()), dtype=np.int32)
    merged = np.concatenate([terms.columns, columns[unknown]])
    order = np.argsort(merged)
    return Terms(
        merged[order],
        np.concatenate([terms.idf, idf[unknown]])[order],
        np.concatenate([terms.ids, ids])[order],
    )


def _shared(counts: sp.csr_matrix, n_items: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    columns, df = np.unique(counts.indices, return_counts=True)
    shared = df >= 2
    idf = np.log((1 + n_items) / (1 + df[shared])) + 1
    if n_items >= _MANY:
        idf[df[shared] > n_items / 2] = 0
    return columns[shared].astype(np.int32), idf.astype(np.float32)


def weigh(counts: sp.csr_matrix, terms: Terms) -> Texts:
    """Return the TF-IDF rows of term counts; terms that do not count are left out."""
    n = counts.shape[0]
    out = empty(n, terms.n)
    if terms.n == 0 or n == 0:
        return out
    at = np.minimum(np.searchsorted(terms.columns, counts.indices), terms.n - 1)
    known = terms.columns[at] == counts.indices
    rows = np.repeat(np.arange(n), np.diff(counts.indptr))[known]
    cols = at[known]
    data = (1 + np.log(counts.data[known])) * terms.idf[cols]
    order = np.lexsort((cols, -data, rows))  # by row, heaviest first, ties by term
    rows, cols, data = rows[order], cols[order], data[order]
    slot = np.arange(len(rows)) - np.searchsorted(rows, np.arange(n))[rows]
    # A term that weighs nothing is padding: a row of such terms alone has no length to divide by.
    kept = (slot < WIDTH) & (data > 0)
    rows, slot, cols, data = rows[kept], slot[kept], cols[kept], data[kept]
    out.terms[rows, slot] = terms.ids[cols]
    out.weights[rows, slot] = data / np.sqrt(np.bincount(rows, data**2, minlength=n))[rows]
    return out
