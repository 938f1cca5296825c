"""What comes next is learned from the order of histories, and from nothing else."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import DAY_US
from recsvc.core.model.transitions import WIDTH, transitions
from tests.core.strategies import evidence_matrix, seeds

HALF_LIFE_US = 30 * DAY_US


def instants(rng: np.random.Generator, evidence: sp.csr_matrix) -> sp.csr_matrix:
    """Days, of which a reader has several events on some."""
    days = rng.integers(1, 6, evidence.nnz).astype(np.float64)
    return sp.csr_matrix((days * DAY_US, evidence.indices, evidence.indptr), evidence.shape)


def brute_force(evidence: sp.csr_matrix, latest_us: sp.csr_matrix) -> np.ndarray:
    n = evidence.shape[1]
    weights, readers = np.zeros((n, n)), np.zeros(n)
    for user in range(evidence.shape[0]):
        liked, at = evidence[user].toarray().ravel(), latest_us[user].toarray().ravel()
        rows = sorted(np.flatnonzero(liked > 0).tolist(), key=lambda row: (at[row], row))
        for place, i in enumerate(rows):
            readers[i] += 1
            for steps, j in enumerate(rows[place + 1 : place + 6], 1):
                gap = at[j] - at[i]
                weight = 2.0 ** (-gap / HALF_LIFE_US) / steps
                weights[i, j] += weight if gap else weight / 2
                weights[j, i] += 0 if gap else weight / 2
    return weights / np.maximum(readers, 1)[:, None]


@given(seed=seeds, chunk=st.sampled_from([1, 7, 1 << 19]))
def test_transitions_are_their_formula_in_pieces_of_any_size(seed, chunk):
    rng = np.random.default_rng(seed)
    evidence = evidence_matrix(rng, 12, 9)
    latest_us = instants(rng, evidence)

    found = transitions(evidence, latest_us, chunk)

    assert found.shape == (9, 9)
    assert np.allclose(found.toarray(), brute_force(evidence, latest_us), atol=1e-6)


def test_each_item_keeps_what_follows_most():
    rng = np.random.default_rng(5)
    evidence = evidence_matrix(rng, 200, 3 * WIDTH)
    latest_us = instants(rng, evidence)

    kept = transitions(evidence, latest_us)

    for row, everything in enumerate(brute_force(evidence, latest_us)):
        best = np.sort(everything)[::-1][:WIDTH]
        assert np.allclose(np.sort(kept[row].data)[::-1], best[best > 0], rtol=1e-4)


def test_nothing_follows_where_nobody_went_for_anything():
    nothing = sp.csr_matrix((3, 4), dtype=np.float32)

    assert transitions(nothing, nothing.astype(np.float64)).nnz == 0
