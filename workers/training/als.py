"""The engine in use, and the typed door to `implicit`: the only file that imports it."""

import numpy as np
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from workers.training.engine import FittedFactors
from workers.training.params import AlsParams


def fit(
    confidence: sp.csr_matrix, params: AlsParams, start: NDArray[np.float32] | None = None
) -> FittedFactors:
    """Factorise a confidence matrix with implicit's CPU ALS.

    Hu, Koren, Volinsky (ICDM 2008), solved by conjugate gradients as in Takács, Pilászy, Tikk:
    "Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative Filtering"
    (RecSys 2011). `implicit` takes three steps per solve, so that fold-in, which solves exactly,
    differs from the fitted user factors by some thousandths.

    Args:
        confidence: (n_users, n_items) float32; a csr_matrix, for implicit checks by isinstance.
        start: (n_items, f) item factors to go on from, with `warm_iterations`, instead of chance.
    """
    with threadpool_limits(1, "blas"):  # more make it ten times slower: it runs threads of its own
        return _fit(confidence, params, start)


def _fit(
    confidence: sp.csr_matrix, params: AlsParams, start: NDArray[np.float32] | None
) -> FittedFactors:
    model = AlternatingLeastSquares(
        factors=params.factors,
        iterations=params.iterations if start is None else params.warm_iterations,
        regularization=params.regularization,
        alpha=1.0,
        num_threads=params.threads,
        random_state=params.seed,
    )
    if start is not None:
        model.item_factors = start.copy()
    model.fit(confidence, show_progress=False)
    item_factors = np.ascontiguousarray(model.item_factors, np.float32)
    item_factors[np.bincount(confidence.indices, minlength=confidence.shape[1]) == 0] = 0
    return FittedFactors(np.ascontiguousarray(model.user_factors, np.float32), item_factors)
