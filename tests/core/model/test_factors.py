import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.factors import fold_in, solver
from tests.core.strategies import factors, seeds


def exact(item_factors, rows, confidence, regularization):
    """Hu, Koren, Volinsky (2008), eq. 4, term by term in double precision."""
    Y = item_factors.astype(np.float64)
    f = Y.shape[1]
    A, b = Y.T @ Y + regularization * np.eye(f), np.zeros(f)
    for row, c in zip(rows, confidence, strict=True):
        A += (abs(c) - 1) * np.outer(Y[row], Y[row])
        if c > 0:
            b += c * Y[row]
    return np.linalg.solve(A, b)


@given(seed=seeds, m=st.integers(0, 40), f=st.sampled_from([4, 16]))
def test_fold_in_is_the_exact_solution(seed, m, f):
    rng = np.random.default_rng(seed)
    items = factors(rng, 60, f)
    rows = rng.choice(60, m, replace=False)
    confidence = np.copysign(1 + 40 * rng.random(m), rng.random(m) - 0.2).astype(np.float32)

    found = fold_in(items[rows], confidence, solver(items, 5.0)).factors

    assert np.allclose(found, exact(items, rows, confidence, 5.0), atol=1e-4)


@given(seed=seeds, m=st.integers(1, 30))
def test_the_shares_of_the_interactions_add_up_to_the_score(seed, m):
    rng = np.random.default_rng(seed)
    items = factors(rng, 50, 12)
    rows = rng.choice(50, m, replace=False)
    confidence = (1 + 10 * rng.random(m)).astype(np.float32)

    solved = fold_in(items[rows], confidence, solver(items, 2.0))

    assert np.allclose((items @ solved.influence).sum(axis=1), items @ solved.factors, atol=1e-3)


def test_a_reader_without_interactions_has_no_taste():
    items = factors(np.random.default_rng(0), 10, 4)

    solved = fold_in(items[:0], np.zeros(0, np.float32), solver(items, 1.0))

    assert not solved.factors.any()


def test_a_disliked_item_scores_lower_than_without_an_opinion():
    items = factors(np.random.default_rng(3), 30, 8)
    liked = fold_in(items[[0, 1]], np.array([20, 20], np.float32), solver(items, 1.0))
    torn = fold_in(items[[0, 1, 2]], np.array([20, 20, -20], np.float32), solver(items, 1.0))

    assert abs(items[2] @ torn.factors) < abs(items[2] @ liked.factors)
