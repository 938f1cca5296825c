"""Sparse matrices that share the memory of their arrays."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def csr_of(
    data: NDArray[Any],
    indices: NDArray[np.int32],
    indptr: NDArray[np.int32],
    shape: tuple[int, int],
) -> sp.csr_matrix:
    """Return a matrix of its arrays, none of them copied.

    scipy's constructor copies what is a small part of another array (`_prune_array`), even where it is
    told not to copy: of a file that is mapped, each process would get pages of its own.
    """
    found = sp.csr_matrix(shape, dtype=data.dtype)
    found.data, found.indices, found.indptr = data, indices, indptr
    return found
