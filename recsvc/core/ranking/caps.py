"""Caps: no more than so many items of one organisation or topic on a page.

What is one too many moves to the next page that has room; nothing is left out.
"""

from collections.abc import Callable, Iterable

import msgspec
import numpy as np

from recsvc.core.ranking.blend import Ranking

_PAGE = 20

LabelsOf = Callable[[int], Iterable[str]]


def capped(ranking: Ranking, labels_of: LabelsOf, cap: int) -> Ranking:
    """Return a ranking in which each stretch of 20 has at most `cap` items of any label.

    When there is nothing else left, what remains comes in its order all the same.

    Args:
        labels_of: returns the labels of a row.
        cap: 0 for none.
    """
    if cap == 0:
        return ranking
    waiting = list(range(len(ranking.rows)))
    labels = [tuple(labels_of(row)) for row in ranking.rows.tolist()]
    order: list[int] = []
    while waiting:
        page, waiting = _page(waiting, labels, cap)
        order += page
    places = np.array(order, np.int64)
    return msgspec.structs.replace(
        ranking,
        rows=ranking.rows[places],
        scores=ranking.scores[places],
        sources=ranking.sources[places],
    )


def _page(
    waiting: list[int], labels: list[tuple[str, ...]], cap: int
) -> tuple[list[int], list[int]]:
    """Return the places that make the next page, and those that wait on."""
    counts: dict[str, int] = {}
    page: list[int] = []
    later: list[int] = []
    for n, place in enumerate(waiting):
        if len(page) == _PAGE:
            return page, later + waiting[n:]
        if any(counts.get(label, 0) >= cap for label in labels[place]):
            later.append(place)
            continue
        page.append(place)
        for label in labels[place]:
            counts[label] = counts.get(label, 0) + 1
    missing = _PAGE - len(page)
    return page + later[:missing], later[missing:]
