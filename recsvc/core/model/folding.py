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
    factors, confidence = _heard(learned, rows, evidence)
    return fold_in(factors, confidence, learned.solver)


def costs(
    learned: Learned, rows: NDArray[np.int64], evidence: NDArray[np.float32], found: FoldIn
) -> NDArray[np.float32]:
    """Return how many times its own part the factors would lose without each interaction.

    Args:
        found: what `folded` made of the same, with h interactions.

    Returns:
        (h,), of the latest ones.
    """
    factors, confidence = _heard(learned, rows, evidence)
    return lost_without(factors, confidence, found)


def _heard(
    learned: Learned, rows: NDArray[np.int64], evidence: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the factors of the items that are heard, and the confidence of each."""
    rows, evidence = rows[-_MAX_INTERACTIONS:], evidence[-_MAX_INTERACTIONS:]
    return learned.factors[rows], reader_confidence(evidence, rows, learned.weighting)
