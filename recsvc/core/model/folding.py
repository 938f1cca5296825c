"""Folding a reader in by their history: evidence weighed as in training, then solved (`factors`)."""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.confidence import reader_confidence
from recsvc.core.model.factors import FoldIn, fold_in, lost_without
from recsvc.core.model.model import Learned

# The latest interactions say most; beyond these a solve would take milliseconds.
_MAX_INTERACTIONS = 500


def folded(learned: Learned, rows: NDArray[np.int64], evidence: NDArray[np.float32]) -> FoldIn:
    """Return the reader's factors, and how each interaction made them.

    Args:
        rows: (m,) rows interacted with, latest last.
        evidence: (m,) without zeros.
    """
    rows, evidence = rows[-_MAX_INTERACTIONS:], evidence[-_MAX_INTERACTIONS:]
    confidence = reader_confidence(evidence, rows, learned.weighting)
    return fold_in(learned.factors[rows], confidence, learned.solver)


def costs(learned: Learned, rows: NDArray[np.int64], found: FoldIn) -> NDArray[np.float32]:
    """Return how many times its own part the factors would lose without each interaction.

    Args:
        rows: (m,) rows interacted with, latest last.
        found: what `folded` made of the same, with h interactions.

    Returns:
        (h,), of the latest ones.
    """
    return lost_without(learned.factors[rows[len(rows) - len(found.confidence) :]], found)
