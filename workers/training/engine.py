"""Engines: what factorises confidence into factors of readers and items.

What the rest needs of one:

    fit          item factors Y and reader factors X whose products say who goes for what, all finite;
                 the same confidence, parameters and start give the same factors
    warm start   `start` is item factors to go on from: a little work must be enough after little change
    fold-in      readers are solved for again at each request with Y fixed (`core.model.factors`), so Y
                 must stand for the objective of that solve: weighted by confidence, λ as in the
                 parameters. Y is what a snapshot keeps; of X only its gram is kept, for warming

`als` is the one in use. Another is a file with a `fit`, and the trainer's argument. What holds the log
elsewhere cannot be asked like that: `spark` takes a round's steps over (`trainer.Steps`).
"""

from typing import Protocol

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from workers.training.params import AlsParams


class FittedFactors(msgspec.Struct, frozen=True):
    """What an engine learned.

    Attributes:
        user_factors: (n_users, f) float32.
        item_factors: (n_items, f) float32; zeros for items without interactions.
    """

    user_factors: NDArray[np.float32]
    item_factors: NDArray[np.float32]


class Engine(Protocol):
    """Something that fits factors; a module with a `fit` is one."""

    def fit(
        self, confidence: sp.csr_matrix, params: AlsParams, start: NDArray[np.float32] | None
    ) -> FittedFactors:
        """Factorise.

        Args:
            confidence: (n_users, n_items) float32, at least 1 or at most -1 where stored.
            start: (n_items, f) to go on from; None begins anew.
        """
