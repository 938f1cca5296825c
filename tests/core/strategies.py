"""What hypothesis draws for the core."""

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

finite_scores = hnp.arrays(
    np.float32,
    st.integers(0, 60),
    elements=st.integers(-5, 5).map(float) | st.floats(-1e3, 1e3, width=32),
)
seeds = st.integers(0, 2**32 - 1)


def factors(rng: np.random.Generator, n: int, f: int) -> np.ndarray:
    return rng.standard_normal((n, f)).astype(np.float32)


def evidence_matrix(rng: np.random.Generator, n_users: int, n_items: int) -> sp.csr_matrix:
    """What readers did: mostly nothing, sometimes a dislike."""
    values = rng.choice([1.0, 4.0, 5.0, -4.0], (n_users, n_items), p=[0.5, 0.3, 0.1, 0.1])
    return sp.csr_matrix(values * (rng.random((n_users, n_items)) < 0.3), dtype=np.float32)
