import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.neighbours import WIDTH, lists, walk
from tests.core.strategies import evidence_matrix, seeds


@given(seed=seeds)
def test_the_walk_is_its_formula(seed):
    evidence = evidence_matrix(np.random.default_rng(seed), 12, 9)

    found = walk(evidence).toarray()

    e = np.maximum(evidence.toarray(), 0).astype(np.float64)
    from_item = e.T / np.maximum(e.sum(0)[:, None], 1e-12)
    from_reader = e / np.maximum(e.sum(1)[:, None], 1e-12)
    expected = from_item @ from_reader
    np.fill_diagonal(expected, 0)
    assert np.allclose(found, expected, atol=1e-6)


def test_each_item_keeps_where_it_leads_to_most():
    rng = np.random.default_rng(5)
    evidence = evidence_matrix(rng, 300, 3 * WIDTH)

    kept = walk(evidence)

    everything = walk_in_full(evidence)
    for row in range(0, kept.shape[0], 17):
        best = np.sort(everything[row])[::-1][:WIDTH]
        assert np.allclose(np.sort(kept[row].data)[::-1], best[best > 0], rtol=1e-4)


def walk_in_full(evidence: sp.csr_matrix) -> np.ndarray:
    e = np.maximum(evidence.toarray(), 0)
    full = (e.T / np.maximum(e.sum(0)[:, None], 1e-12)) @ (e / np.maximum(e.sum(1)[:, None], 1e-12))
    np.fill_diagonal(full, 0)
    return full


@given(seed=seeds, picked=st.lists(st.integers(0, 8), max_size=6, unique=True))
def test_the_entries_of_rows_are_those_of_the_matrix(seed, picked):
    matrix = sp.random(9, 9, 0.4, format="csr", dtype=np.float32, random_state=seed)
    found = lists(matrix)
    rows = np.array(picked, np.int64)

    places, into, weights = found.of(rows)

    dense = np.zeros((len(rows), 9))
    dense[places, into] = weights / 1024
    assert np.allclose(dense, matrix.toarray()[rows], rtol=1e-3)
    assert np.allclose(found.matrix.toarray(), matrix.toarray(), rtol=1e-3)
