"""The linear model: its closed form, its bound, and what it keeps."""

import numpy as np
import pytest
import scipy.sparse as sp

from recsvc.core.model.linear import linear
from recsvc.core.model.neighbours import WIDTH


def _evidence(seed: int, shape: tuple[int, int] = (60, 20), density: float = 0.2) -> sp.csr_matrix:
    found = sp.random(*shape, density, "csr", np.float32, np.random.default_rng(seed))
    found.data = np.where(found.data < 0.1, -1.0, 0.5 + found.data).astype(np.float32)
    return found


def _ridge(evidence: sp.csr_matrix, rows: np.ndarray) -> np.ndarray:
    """Return the weights as the least squares that they solve, item by item."""
    liked = (evidence.toarray() > 0).astype(np.float64)
    root = np.maximum(liked.sum(axis=0), 1) ** 0.25
    X = liked / np.maximum(liked.sum(axis=1, keepdims=True), 1) ** 0.25 / root
    X = X[:, rows]
    penalty = 5 * np.diag(X.T @ X).mean()
    found = np.zeros((evidence.shape[1],) * 2)
    for place, item in enumerate(rows):
        others = np.delete(np.arange(len(rows)), place)
        A, b = X[:, others], X[:, place]
        w = np.linalg.solve(A.T @ A + penalty * np.eye(len(others)), A.T @ b)
        found[rows[others], item] = w * root[item] / root[rows[others]]
    return found


@pytest.mark.parametrize("seed", range(5))
def test_each_item_is_foretold_by_the_least_squares_of_all_others(seed: int):
    evidence = _evidence(seed)
    n_liked = (evidence > 0).toarray().sum(axis=0)

    found = linear(evidence)

    assert np.allclose(found.toarray(), _ridge(evidence, np.flatnonzero(n_liked)), atol=2e-6)
    assert (linear(evidence) != found).nnz == 0


def test_those_with_the_most_readers_take_part():
    evidence = _evidence(1)
    n_liked = (evidence > 0).toarray().sum(axis=0)
    most = np.sort(np.argsort(-n_liked, kind="stable")[:7])

    found = linear(evidence, 7)

    assert np.allclose(found.toarray(), _ridge(evidence, most), atol=2e-6)


def test_of_each_item_what_is_furthest_from_zero_is_kept():
    evidence = _evidence(2, (80, WIDTH + 30), 0.3)
    exact = _ridge(evidence, np.arange(WIDTH + 30))

    found = linear(evidence).toarray()

    assert (np.count_nonzero(found, axis=1) == WIDTH).all()
    assert np.allclose(found[found != 0], exact[found != 0], atol=2e-6)
    least = np.where(found != 0, np.abs(found), np.inf).min(axis=1)
    assert (np.abs(exact)[found == 0] <= np.repeat(least, 30) + 2e-6).all()


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (3, 1)])
def test_nothing_foretells_nothing(shape: tuple[int, int]):
    found = linear(sp.csr_matrix(np.ones(shape, np.float32)))
    assert (found.shape, found.nnz) == ((shape[1], shape[1]), 0)
