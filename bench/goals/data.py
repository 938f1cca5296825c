"""The data sets and their splits, as the folder that holds them defines them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy.sparse as sp


def splits(folder: Path) -> ModuleType:
    """Return the module beside the data that loads and splits it."""
    spec = importlib.util.spec_from_file_location("splits", folder / "splits.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def only(matrix: sp.csr_matrix, columns: np.ndarray) -> sp.csr_matrix:
    """Return a matrix with all but some columns empty."""
    keep = np.zeros(matrix.shape[1], np.float32)
    keep[columns] = 1
    out = sp.csr_matrix(matrix @ sp.diags(keep))
    out.eliminate_zeros()
    return out


def first_items(histories: sp.csr_matrix, users: np.ndarray, m: int, seed: int) -> sp.csr_matrix:
    """Return histories cut to m items drawn at random, for users who have that many."""
    rng = np.random.default_rng(seed)
    rows, cols = [], []
    for user in users:
        own = histories.indices[histories.indptr[user] : histories.indptr[user + 1]]
        if len(own) >= m:
            rows += [user] * m
            cols += rng.choice(own, m, replace=False).tolist()
    matrix = sp.csr_matrix((np.ones(len(rows)), (rows, cols)), histories.shape, dtype=np.float32)
    matrix.sort_indices()
    return matrix
