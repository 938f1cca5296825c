"""Labels: which rows carry which topic or organisation.

Labels that a key makes equal are one: topics that differ in case and space only. Such a one is shown as
the first row that carries it spells it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

_NO_ROWS = np.empty(0, np.int64)


def folded(label: str) -> str:
    """Return what spellings of one topic have in common: not case, and not space."""
    return " ".join(label.split()).casefold()


def distinct(topics: Iterable[str]) -> tuple[str, ...]:
    """Return topics in their order, of spellings of the same the first."""
    found: dict[str, str] = {}
    for topic in topics:
        found.setdefault(folded(topic), topic)
    return tuple(found.values())


class Labels:
    """An inverted index from labels to rows.

    Args:
        key: what labels that are one have in common.
    """

    def __init__(self, key: Callable[[str], str] = str) -> None:
        self._key = key
        self._rows: dict[str, set[int]] = {}
        self._of: dict[int, tuple[str, ...]] = {}
        self._arrays: dict[str, Rows] = {}
        self._counts: dict[str, int] | None = None

    def put(self, row: int, labels: Iterable[str]) -> None:
        """Replace the labels of a row; also to be called when it is hidden or shown."""
        self._counts = None
        for key in map(self._key, self._of.pop(row, ())):
            self._arrays.pop(key, None)
            self._rows[key].discard(row)
            if not self._rows[key]:
                del self._rows[key]
        carried: dict[str, str] = {}
        for label in labels:
            carried.setdefault(self._key(label), label)
        if carried:
            self._of[row] = tuple(carried.values())
        for key in carried:
            self._arrays.pop(key, None)
            self._rows.setdefault(key, set()).add(row)

    def recount(self) -> None:
        """Count anew when next asked: what is visible has changed."""
        self._counts = None

    def rows(self, labels: Iterable[str]) -> Rows:
        """Return the rows that carry any of the labels, ascending."""
        found = [self._array(key) for key in dict.fromkeys(map(self._key, labels))]
        return found[0] if len(found) == 1 else np.unique(np.concatenate([_NO_ROWS, *found]))

    def of(self, row: int) -> tuple[str, ...]:
        """Return the keys of a row's labels."""
        return tuple(map(self._key, self._of.get(row, ())))

    def counts(self, visible: NDArray[np.bool_]) -> dict[str, int]:
        """Return how many visible rows each label has; labels without any are left out.

        Args:
            visible: (n,).
        """
        if self._counts is None:
            counts = {key: int(visible[self._array(key)].sum()) for key in self._rows}
            self._counts = {self._shown(key): n for key, n in counts.items() if n}
        return self._counts

    def tally(self, rows: Rows) -> Counter[str]:
        """Return how many of some rows each label has, as `counts` does of all."""
        spelled = Counter(chain.from_iterable(self._of.get(row, ()) for row in rows.tolist()))
        found: Counter[str] = Counter()
        for label, n in spelled.items():
            found[self._key(label)] += n
        return Counter({self._shown(key): n for key, n in found.items()})

    def _shown(self, key: str) -> str:
        """Return how the first row that carries it spells a label."""
        first = self._of[int(self._array(key)[0])]
        return next(label for label in first if self._key(label) == key)

    def _array(self, key: str) -> Rows:
        """Return the rows of one label, sorted anew only after they changed."""
        known = self._arrays.get(key)
        if known is None:
            known = np.array(sorted(self._rows.get(key, ())), np.int64)
            if key in self._rows:
                self._arrays[key] = known
        return known
