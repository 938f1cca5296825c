"""Simple methods that are known to be hard to beat, beside those that an evaluation has anyway.

    sequential rules    what readers went for within ten steps after the latest item, 1/steps each
    item neighbours     cosine of the readers whom items share, summed over the history, the latest most
    EASE                Steck: "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019; λ = 500

None is tuned. What has no score is in no list.
"""

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from workers.evaluation.evaluating import KS
from workers.evaluation.outcomes import Outcomes, joined, outcomes
from workers.training.holdout import Holdout
from workers.training.moment import Moment
from workers.training.popularity import readers_of
from workers.training.ranking import reader_of

RULES, NEIGHBOURS, EASE = "sequential rules", "item neighbours", "EASE"
RULES_AND_NEIGHBOURS = "sequential rules and neighbours, decayed"

_REACH = 10
_DECAY = 0.8
_REGULARIZATION = 500.0
_MOST_ITEMS = 8_192  # that EASE inverts a matrix of: a quarter of a GiB, of which it needs four
_MOST_PAIRS = 200_000_000  # of items that share a reader: 2.4 GB

Rows = NDArray[np.int64]
Vector = NDArray[np.float64]
Score = Callable[[Rows], Vector]


def baselines(
    holdout: Holdout, moments: list[Moment], *, has_order: bool = True
) -> dict[str, Outcomes]:
    """Rank for the readers of some moments.

    Args:
        has_order: whether anybody knows in which order readers went for things.
    """
    found = {}
    for name, score in _scores(holdout, has_order).items():
        parts = [outcomes(_lists(score, holdout, m), m.users, m.targets, KS) for m in moments]
        found[name] = joined(parts)
    return found


def _scores(holdout: Holdout, has_order: bool) -> dict[str, Score]:
    """Return what scores every item for a history, the latest last, by name."""
    found: dict[str, Score] = {}
    had = (holdout.histories > 0).astype(np.float64)
    rules = _rules(holdout) if has_order else None
    near = _neighbours(had)
    decay = _DECAY if has_order else 1.0

    def by_rules(rows: Rows) -> Vector:
        assert rules is not None
        return _summed(rules, rows[-1:], 1.0)

    def by_neighbours(rows: Rows) -> Vector:
        assert near is not None
        return _summed(near, rows, decay)

    def by_both(rows: Rows) -> Vector:
        parts = by_rules(rows), by_neighbours(rows)
        return sum((s / max(s.max(), 1e-12) for s in parts), np.zeros(len(parts[0])))

    if rules is not None:
        found[RULES] = by_rules
    if near is not None:
        found[NEIGHBOURS] = by_neighbours
    if rules is not None and near is not None:
        found[RULES_AND_NEIGHBOURS] = by_both
    return found | _ease(had)


def _lists(score: Score, holdout: Holdout, moment: Moment) -> Iterator[Rows]:
    for user in moment.users.tolist():
        rows = reader_of(holdout.histories, user, holdout.latest_us).rows
        scores = score(rows)
        scores[rows] = 0.0
        kept = np.flatnonzero((scores > 0) & moment.listed)
        yield kept[np.argsort(-scores[kept], kind="stable")[: max(KS)]]


def _summed(matrix: sp.csr_matrix, rows: Rows, decay: float) -> Vector:
    """Return (n,) the sum of some rows, each worth less than the next."""
    weights = decay ** np.arange(len(rows) - 1, -1, -1)
    found: Vector = np.asarray(matrix[rows].T @ weights, np.float64)
    return found


def _rules(holdout: Holdout) -> sp.csr_matrix:
    n_users, n = holdout.histories.shape
    each = [reader_of(holdout.histories, u, holdout.latest_us).rows for u in range(n_users)]
    items, users = np.concatenate(each), np.repeat(np.arange(n_users), [len(r) for r in each])
    found = sp.csr_matrix((n, n))
    for steps in range(1, _REACH + 1):
        same = users[:-steps] == users[steps:]
        pairs = (items[:-steps][same], items[steps:][same])
        found = found + sp.csr_matrix((np.full(int(same.sum()), 1 / steps), pairs), shape=(n, n))
    return sp.csr_matrix(found)


def _neighbours(had: sp.csr_matrix) -> sp.csr_matrix | None:
    """Return the cosine of items; None where there are too many pairs."""
    sizes = np.diff(had.indptr).astype(np.float64)
    if min(float(sizes @ sizes), float(had.shape[1]) ** 2) > _MOST_PAIRS:
        return None
    both = sp.csr_matrix(had.T @ had)
    roots = sp.diags(1 / np.sqrt(np.maximum(both.diagonal(), 1)))
    return sp.csr_matrix(roots @ (both - sp.diags(both.diagonal())) @ roots)


def _ease(had: sp.csr_matrix) -> dict[str, Score]:
    """Return EASE of the items with the most readers, by its name."""
    n = had.shape[1]
    degrees = readers_of(had)
    kept = np.sort(np.argsort(-degrees, kind="stable")[:_MOST_ITEMS])
    kept = kept[degrees[kept] > 0]
    place = np.full(n, -1)
    place[kept] = np.arange(len(kept))
    chosen = sp.csr_matrix(had[:, kept]).astype(np.float32)
    gram = (chosen.T @ chosen).toarray()
    gram[np.diag_indices(len(kept))] += _REGULARIZATION
    weights = np.linalg.inv(gram)
    weights /= -np.diag(weights)
    np.fill_diagonal(weights, 0.0)

    def score(rows: Rows) -> Vector:
        scores = np.zeros(n)
        known = place[rows]
        scores[kept] = weights[known[known >= 0]].sum(axis=0)
        return scores

    is_all = len(kept) == np.count_nonzero(degrees)
    return {EASE if is_all else f"{EASE} of the {len(kept):,} items most read": score}
