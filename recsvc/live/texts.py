"""Fresh texts: the terms of those texts that some snapshot at hand does not describe."""

import asyncio
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import text_digest
from recsvc.core.text.terms import N_COLUMNS, item_text, term_counts

Placed = tuple[int, StoredItem]
"""A row and the item that has it."""

NONE_DESCRIBED = np.empty(0, np.uint64)


class FreshTexts:
    """Counts terms, each text once and none that all snapshots describe."""

    def __init__(self) -> None:
        self._described: tuple[NDArray[np.uint64], ...] = (NONE_DESCRIBED,)
        self._digests: dict[int, int] = {}
        self._counts: dict[int, tuple[int, sp.csr_matrix]] = {}  # by row: of which text, its terms

    def clear(self) -> None:
        """Forget every text."""
        self._digests.clear()
        self._counts.clear()

    def knows(self, row: int) -> bool:
        """Return whether an item's text was ever taken in."""
        return row in self._digests

    async def take(self, placed: Iterable[Placed]) -> None:
        """Take texts in, and count the terms of those that nobody has counted."""
        texts: dict[int, str] = {}
        for row, item in placed:
            text = item_text(item.title, item.text, item.topics)
            self._digests[row] = text_digest(text)
            if self._is_described(row):
                self._counts.pop(row, None)
            elif not self._is_counted(row):
                texts[row] = text
        if texts:
            digests = [self._digests[row] for row in texts]
            counts = await asyncio.to_thread(term_counts, list(texts.values()))
            for i, (row, digest) in enumerate(zip(texts, digests, strict=True)):
                self._counts[row] = (digest, counts[i])

    def describe(self, *digests: NDArray[np.uint64]) -> None:
        """Leave to snapshots what all of them describe.

        Args:
            digests: of each, by row, of the texts that it describes; 0 for none.
        """
        self._described = digests
        for row in [row for row in self._counts if self._is_described(row)]:
            del self._counts[row]

    def missing(self) -> list[int]:
        """Return the rows whose text neither all snapshots describe nor we have counted."""
        return [
            row
            for row in self._digests
            if not self._is_described(row) and not self._is_counted(row)
        ]

    def counted(self, beside: NDArray[np.uint64]) -> tuple[NDArray[np.int64], sp.csr_matrix]:
        """Return (k,) rows ascending, and the (k, N_COLUMNS) counts of their terms.

        Args:
            beside: digests of the snapshot that describes the others.
        """
        rows = sorted(row for row in self._counts if not self._is_in(beside, row))
        counts = [self._counts[row][1] for row in rows]
        stacked = sp.vstack(counts, format="csr") if counts else no_counts()
        return np.array(rows, np.int64), stacked

    def _is_described(self, row: int) -> bool:
        return all(self._is_in(digests, row) for digests in self._described)

    def _is_in(self, digests: NDArray[np.uint64], row: int) -> bool:
        return row < len(digests) and int(digests[row]) == self._digests.get(row)

    def _is_counted(self, row: int) -> bool:
        return row in self._counts and self._counts[row][0] == self._digests[row]


def no_counts() -> sp.csr_matrix:
    """Return the counts of no text at all."""
    return sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)
