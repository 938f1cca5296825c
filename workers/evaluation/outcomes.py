"""Outcomes: what ranking did for each reader of a trial, as arrays that tables are cut from."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.ranking import metrics

Rows = NDArray[np.int64]
Vector = NDArray[np.float64]


class Outcomes(msgspec.Struct, frozen=True):
    """One method's results, by reader.

    Attributes:
        users: (u,) rows of the readers.
        recall, ndcg: by k, (u,) each.
        mrr: (u,).
        lists: what each reader was shown.
    """

    users: Rows
    recall: dict[int, Vector]
    ndcg: dict[int, Vector]
    mrr: Vector
    lists: list[Rows]

    def means(self, names: Iterable[str]) -> dict[str, float]:
        """Return means by name: `recall@20`, `ndcg@10`, `mrr`."""
        return {name: float(self.values(name).mean()) for name in names}

    def values(self, name: str) -> Vector:
        """Return (u,) values of a metric by name."""
        metric, _, k = name.partition("@")
        if metric == "mrr":
            return self.mrr
        return (self.recall if metric == "recall" else self.ndcg)[int(k)]


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Return what ranking did for the readers of several moments, one after the other."""
    return Outcomes(
        np.concatenate([part.users for part in parts]),
        {k: np.concatenate([part.recall[k] for part in parts]) for k in parts[0].recall},
        {k: np.concatenate([part.ndcg[k] for part in parts]) for k in parts[0].ndcg},
        np.concatenate([part.mrr for part in parts]),
        [rows for part in parts for rows in part.lists],
    )


def outcomes(
    lists: Iterable[Rows], users: Rows, targets: sp.csr_matrix, ks: Iterable[int]
) -> Outcomes:
    """Measure lists against what their readers went for.

    Args:
        lists: one per user, in order.
        targets: (n_users, n_rows); every user must have one.
    """
    cuts = sorted(ks)
    recall: dict[int, list[float]] = {k: [] for k in cuts}
    ndcg: dict[int, list[float]] = {k: [] for k in cuts}
    mrr, kept = [], []
    for user, rows in zip(users.tolist(), lists, strict=True):
        wanted = targets.indices[targets.indptr[user] : targets.indptr[user + 1]]
        hit = metrics.hits(rows, wanted)
        for k in cuts:
            recall[k].append(metrics.recall(hit, len(wanted), k))
            ndcg[k].append(metrics.ndcg(hit, len(wanted), k))
        mrr.append(metrics.reciprocal_rank(hit))
        kept.append(rows)
    return Outcomes(
        users,
        {k: np.array(v) for k, v in recall.items()},
        {k: np.array(v) for k, v in ndcg.items()},
        np.array(mrr),
        kept,
    )
