"""Item factors, and folding a reader in: their taste solved at request time, never stored.

For a reader with interactions in rows i of confidence c_i, factors x minimise the implicit-feedback
objective with the item factors Y fixed (Hu, Koren, Volinsky: "Collaborative Filtering for Implicit
Feedback Datasets", ICDM 2008, eq. 4):

    x = (YᵀY + λI + Σ (|c_i| − 1) y_i y_iᵀ)⁻¹ Σ_{c_i > 0} c_i y_i

Negative confidence means disliked: preference 0, held with confidence |c_i| (implicit's convention).
The score of item j is y_jᵀx, and because x is linear in the right-hand side, it splits into one
exact share per interaction (ibid., section 5): that is where reasons come from.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]
Rows = NDArray[np.int64]


# λ at the least, as a share of the mean of the gram's diagonal.
_LEAST = 1e-7


class FoldIn(msgspec.Struct, frozen=True):
    """A reader's factors and how each interaction made them.

    Attributes:
        factors: (f,); all zeros without interactions.
        influence: (f, m); column i is what interaction i contributed: they sum to `factors`.
        confidence: (m,) what it was solved with.
    """

    factors: Vector
    influence: Matrix
    confidence: Vector


class Solver(msgspec.Struct, frozen=True):
    """What fold-in needs of a set of item factors, computed once.

    Attributes:
        gram: (f, f) YᵀY + λI.
        inverse: (f, f) its inverse.
    """

    gram: NDArray[np.float64]
    inverse: NDArray[np.float64]


def solver(item_factors: Matrix, regularization: float) -> Solver:
    """Prepare fold-in.

    Args:
        item_factors: (n_items, f).
        regularization: λ, the value the factors were trained with; raised to what keeps the system
            solvable where it is next to nothing.
    """
    f = item_factors.shape[1]
    gram = (item_factors.T @ item_factors).astype(np.float64)
    least = _LEAST * max(1.0, float(np.trace(gram)) / max(f, 1))
    gram += max(regularization, least) * np.eye(f)
    return Solver(gram, np.linalg.inv(gram).astype(np.float64))


def fold_in(factors: Matrix, confidence: Vector, prepared: Solver) -> FoldIn:
    """Solve for one reader's factors from their interactions, exactly.

    Args:
        factors: (m, f), the factors of the items interacted with.
        confidence: (m,) c_i: at least 1 for liked items, at most -1 for disliked ones.

    Returns:
        Zeros, which say nothing, where the system cannot be solved in numbers.

    Complexity:
        O(m^3 + m f^2) up to m = f by Woodbury's identity, O(f^3 + m f^2) beyond.
    """
    m, f = factors.shape
    Y = factors.astype(np.float64)
    extra = np.abs(confidence.astype(np.float64)) - 1.0
    wanted = np.maximum(confidence, 0.0).astype(np.float64)
    if m == 0:
        return _nothing(f, confidence)
    with np.errstate(over="ignore", invalid="ignore"):
        influence = _influence(Y, extra, prepared) * wanted
        factors, parts = influence.sum(axis=1).astype(np.float32), influence.astype(np.float32)
        found = FoldIn(factors, parts, confidence)
    if not (np.isfinite(found.influence).all() and np.isfinite(found.factors).all()):
        return _nothing(f, confidence)
    return found


def _nothing(f: int, confidence: Vector) -> FoldIn:
    return FoldIn(np.zeros(f, np.float32), np.zeros((f, len(confidence)), np.float32), confidence)


def lost_without(factors: Matrix, found: FoldIn) -> Vector:
    """Return (m,): how many times its own part the reader's factors lose without each interaction.

    An interaction of confidence c says beside its part, which the right-hand side has, that nothing else
    needs to explain the item. Taken out of both (Sherman, Morrison 1950), with z what a unit of it
    contributes, h = yᵀz and e = c − 1:

        x − x' = c z · (1 − e/c · (yᵀx − c h) / (1 − e h))

    Args:
        factors: (m, f), the factors of the items interacted with.
        found: the reader folded in.
    """
    confidence = found.confidence
    liked = np.maximum(confidence.astype(np.float64), 1.0)
    extra = liked - 1
    own = np.einsum("mf,fm->m", factors, found.influence).astype(np.float64)
    others = factors @ found.factors - own
    lost = 1 - extra / liked * others / np.maximum(1 - extra / liked * own, _LEAST)
    return np.where(confidence > 0, lost, 1).astype(np.float32)


def _influence(
    Y: NDArray[np.float64], extra: NDArray[np.float64], prepared: Solver
) -> NDArray[np.floating[Any]]:
    """Return (f, m) what one unit of each interaction contributes; NaN when the system is singular.

    Args:
        Y: (m, f).
        extra: (m,) confidence above 1.
    """
    m, f = Y.shape
    found: NDArray[np.floating[Any]]
    try:
        if m <= f:
            # (A + YᵀDY)⁻¹Yᵀ = A⁻¹Yᵀ (I + D Y A⁻¹ Yᵀ)⁻¹: an m x m system.
            half = prepared.inverse @ Y.T
            system = extra[:, None] * (Y @ half)
            system.flat[:: m + 1] += 1.0  # its diagonal
            found = np.linalg.solve(system.T, half.T).T
        else:
            found = np.linalg.solve(prepared.gram + (Y.T * extra) @ Y, Y.T)
    except np.linalg.LinAlgError:
        found = np.full((f, m), np.nan)
    return found
