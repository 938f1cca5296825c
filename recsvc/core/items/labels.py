"""Labels: which rows carry which topic or organisation."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

_NO_ROWS = np.empty(0, np.int64)


class Labels:
    """An inverted index from labels to rows."""

    def __init__(self) -> None:
        self._rows: dict[str, set[int]] = {}
        self._of: dict[int, tuple[str, ...]] = {}
        self._arrays: dict[str, Rows] = {}
        self._counts: dict[str, int] | None = None

    def put(self, row: int, labels: Iterable[str]) -> None:
        """Replace the labels of a row; also to be called when it is hidden or shown."""
        self._counts = None
        for label in self._of.pop(row, ()):
            self._arrays.pop(label, None)
            self._rows[label].discard(row)
            if not self._rows[label]:
                del self._rows[label]
        carried = tuple(dict.fromkeys(labels))
        if carried:
            self._of[row] = carried
        for label in carried:
            self._arrays.pop(label, None)
            self._rows.setdefault(label, set()).add(row)

    def rows(self, labels: Iterable[str]) -> Rows:
        """Return the rows that carry any of the labels, ascending."""
        found = [self._array(label) for label in labels]
        return found[0] if len(found) == 1 else np.unique(np.concatenate([_NO_ROWS, *found]))

    def of(self, row: int) -> tuple[str, ...]:
        """Return the labels of a row."""
        return self._of.get(row, ())

    def counts(self, visible: NDArray[np.bool_]) -> dict[str, int]:
        """Return how many visible rows each label has; labels without any are left out.

        Args:
            visible: (n,).
        """
        if self._counts is None:
            counts = {label: int(visible[self._array(label)].sum()) for label in self._rows}
            self._counts = {label: n for label, n in counts.items() if n}
        return self._counts

    def _array(self, label: str) -> Rows:
        """Return the rows of one label, sorted anew only after they changed."""
        known = self._arrays.get(label)
        if known is None:
            known = np.array(sorted(self._rows.get(label, ())), np.int64)
            if label in self._rows:
                self._arrays[label] = known
        return known
