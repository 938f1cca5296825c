"""The typed door to the kernels: arrays of the right kind go in, errors come out as Python's own.

A library is opened only if it was built from the very source beside it: one of another version might
take its arguments for something else.
"""

import zlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import numpy as np
from cffi import FFI
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]

LIBRARY = "_kernels.so"
SOURCES = ("kernels.h", "kernels.c")


class NotBuiltError(Exception):
    """Raised where there is no library that fits."""


def stamp(folder: Traversable) -> int:
    """Return the number of a source, which a library built from it says."""
    return zlib.crc32(b"".join(folder.joinpath(name).read_bytes() for name in SOURCES))


def opened(library: Traversable | None = None) -> "Kernels":
    """Return the kernels of a library.

    Args:
        library: None: the one beside this file.

    Raises:
        NotBuiltError: saying what to do.
    """
    folder = files(__package__)
    library = library or folder.joinpath(LIBRARY)
    if not library.is_file():
        raise NotBuiltError(
            "the kernels were not built, for want of a C compiler (docs/operations.md)"
        )
    try:
        found = _declarations().dlopen(str(library))
        is_ours = found.kernels_stamp() == stamp(folder)
    except (OSError, AttributeError) as exc:
        raise NotBuiltError(f"the kernels cannot be loaded: {exc}") from exc
    if not is_ours:
        raise NotBuiltError("the kernels were built from another version of their source")
    return Kernels(found)


@cache
def _declarations() -> FFI:
    ffi = FFI()
    ffi.cdef(files(__package__).joinpath(SOURCES[0]).read_text())
    return ffi


class Kernels:
    """What a library computes; each method says whose work it does.

    Raises:
        IndexError: when an array points out of another, as numpy does.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._buffer = _declarations().from_buffer

    def text_scores(self, postings: Any, terms: Rows, weights: Vector, n: int) -> Vector:
        """Return (n,) what texts say of the wanted terms, as `content.content`.

        Args:
            postings: (n_terms, n) csr_matrix of float32 with indices of 32 bits.
        """
        scores = np.empty(n, np.float32)
        self._call(
            self._library.text_scores,
            self._i32(postings.indptr),
            len(postings.indptr) - 1,
            self._i32(postings.indices),
            self._f32(postings.data),
            min(len(postings.indices), len(postings.data)),
            self._i64(terms),
            self._f32(weights),
            min(len(terms), len(weights)),
            self._f32(scores),
            n,
        )
        return scores

    def _call(self, function: Any, *arguments: Any) -> int:
        code: int = function(*arguments)
        if code >= 0:
            return code
        if code == self._library.NO_MEMORY:
            raise MemoryError
        raise IndexError("an array points out of another")

    def _f32(self, array: NDArray[np.float32]) -> Any:
        return self._buffer("float[]", _laid_out(array, np.float32))

    def _i64(self, array: NDArray[np.int64]) -> Any:
        return self._buffer("int64_t[]", _laid_out(array, np.int64))

    def _i32(self, array: NDArray[np.int32]) -> Any:
        return self._buffer("int32_t[]", _laid_out(array, np.int32))


def _laid_out(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return an array in one piece and of a type, as C takes it: hardly ever another one.

    Raises:
        TypeError: where whole numbers may not fit.
    """
    if array.dtype == dtype and array.flags.c_contiguous:
        return array
    casting: Literal["same_kind", "safe"] = "same_kind" if dtype is np.float32 else "safe"
    return np.ascontiguousarray(array.astype(dtype, casting=casting))
