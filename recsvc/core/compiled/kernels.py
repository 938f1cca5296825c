"""The typed door to the kernels: arrays of the right kind go in, errors come out as Python's own.

A library is opened only if it was built from the very source beside it: one of another version might
take its arguments for something else.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple, Protocol

import numpy as np
from cffi import FFI
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]
Sums = NDArray[np.float64]

LIBRARY = "_kernels.so"
SOURCES = ("kernels.h", "kernels.c", "ranking.c", "reasons.c", "exploration.c")

_F16, _F32, _F64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
_I32, _I64 = np.dtype(np.int32), np.dtype(np.int64)
_BYTES = (np.dtype(np.uint8), np.dtype(np.bool_))


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


class Spoken(NamedTuple):
    """What one voice says: points to everybody, or scores to a reader; neither when it is silent.

    Attributes:
        fade: of scores, how loud by row; None: alike everywhere.
        line: how scores become points (`Standard.line`).
    """

    points: Vector | None
    scores: Vector | None
    fade: Vector | None
    line: tuple[float, float, float, float]


class Bounds(NamedTuple):
    """What of a ranking is not the voices'. Rows may lie beyond those ranked.

    Attributes:
        lift: points added by row; None when that is nothing.
        tired: rows that step back, and by how many points; None when there are none.
        may_show: by row; those beyond may not.
        excluded: rows that may not.
    """

    lift: Vector | None
    tired: tuple[Rows, Vector] | None
    may_show: NDArray[np.bool_]
    excluded: Rows


class Draw(NamedTuple):
    """How places of a list are explored: with a chance of share / unit.

    Attributes:
        first: the first that may be.
        page, few, most: by one of so many behind the page that have fewer than few readers.
    """

    seed: int
    share: int
    unit: int
    first: int
    page: int
    few: int
    most: int


class Lists(Protocol):
    """Where items lead to: `Neighbours`."""

    @property
    def starts(self) -> Rows:
        """(n + 1,): row i's entries are [starts[i], starts[i + 1])."""

    @property
    def rows(self) -> NDArray[np.int32]:
        """(k,) items that are led to."""

    @property
    def weights(self) -> NDArray[np.float16]:
        """(k,)."""


class Texts(Protocol):
    """What texts say: `tfidf.Texts`."""

    @property
    def terms(self) -> NDArray[np.int32]:
        """(n, width) below `n_terms`."""

    @property
    def weights(self) -> Matrix:
        """(n, width)."""

    @property
    def n_terms(self) -> int:
        """How many terms there are."""


class Kernels:
    """What a library computes; each method says whose work it does.

    Raises:
        IndexError: when an array points out of another, as numpy does.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        self.ffi = _declarations()
        self._buffer = self.ffi.from_buffer
        # Looked up once: as text each is parsed or looked for at each call, twenty times in a feed.
        typed = self.ffi.typeof
        self._f16s, self._f32s, self._f64s = map(typed, ("uint16_t[]", "float[]", "double[]"))
        self._u8s, self._i32s, self._i64s = map(typed, ("uint8_t[]", "int32_t[]", "int64_t[]"))

    def text_scores(self, postings: Any, terms: Rows, weights: Vector, n: int) -> Vector:
        """Return (n,) what texts say of the wanted terms, as `content.content`.

        Args:
            postings: (n_terms, n) csr_matrix of float32 with indices of 32 bits.
        """
        scores = np.empty(n, np.float32)
        self.call(
            self.library.text_scores,
            self.i32(postings.indptr),
            len(postings.indptr) - 1,
            self.i32(postings.indices),
            self.f32(postings.data),
            min(len(postings.indices), len(postings.data)),
            self.i64(terms),
            self.f32(weights),
            min(len(terms), len(weights)),
            self.f32(scores),
            n,
        )
        return scores

    def score_sums(
        self, scores: Vector, warm: Vector, own: Rows
    ) -> tuple[list[float], list[float]]:
        """Return the sums of all rows, and those of some, as `standardizing._sums`."""
        everything, mine = self.ffi.new("double[5]"), self.ffi.new("double[5]")
        arguments = (self.f32(scores), self.f32(warm), _same_length(scores, warm))
        self.call(self.library.score_sums, *arguments, self.i64(own), len(own), everything, mine)
        return list(everything), list(mine)

    def top_rows(self, scores: Vector, k: int) -> Rows:
        """Return the rows of the k highest finite scores, as `top_k.top_k`."""
        k = max(0, min(k, len(scores)))
        rows = np.empty(k, np.int64)
        found = self.call(self.library.top_rows, self.f32(scores), len(scores), k, self.i64(rows))
        return rows[:found]

    def best_rows(
        self, said: Sequence[Spoken], common: Vector, warm: Vector, bounds: Bounds, k: int
    ) -> tuple[Rows, Vector, NDArray[np.uint8]] | None:
        """Return the best rows, their scores and the voice that says most, as `Blend._best`.

        Args:
            common: (n or more,) what all common voices say.
            warm: (n,) 1 for rows with interactions, else 0.

        Returns:
            None when what the voices say adds up to no number.
        """
        n = len(warm)
        k = max(0, min(k, n))
        rows, scores, loudest = (
            np.empty(k, np.int64),
            np.empty(k, np.float32),
            np.empty(k, np.uint8),
        )
        assert len(common) >= n, "everybody's points reach as far as the model"
        voices, kept = self._voices(said, n)
        limits, also_kept = self.bounds(bounds)
        found = self.call(
            self.library.best_rows, self.f32(common), self.f32(warm), n, limits, voices, len(said),
            self.f32(np.empty(n, np.float32)), k, self.i64(rows), self.f32(scores), self.u8(loudest),
        )  # fmt: skip
        del kept, also_kept
        return None if found < 0 else (rows[:found], scores[:found], loudest[:found])

    def bounds(self, bounds: Bounds) -> tuple[Any, list[Any]]:
        """Return the struct of bounds, and what has to be kept while it is used."""
        found = self.ffi.new("struct bounds *")
        may_show, excluded = self.u8(bounds.may_show), self.i64(bounds.excluded)
        found.may_show, found.n_may_show = may_show, len(bounds.may_show)
        found.excluded, found.n_excluded = excluded, len(bounds.excluded)
        kept = [may_show, excluded]
        if bounds.lift is not None:
            kept.append(self.f32(bounds.lift))
            found.lift, found.n_lift = kept[-1], len(bounds.lift)
        if bounds.tired is not None:
            rows, points = bounds.tired
            kept += [self.i64(rows), self.f32(points)]
            found.tired, found.tired_points = kept[-2:]
            found.n_tired = _same_length(rows, points)
        return found, kept

    def walk_sums(self, lists: Lists, history: Rows, loud: Vector, sums: Sums) -> None:
        """Add to (n,) sums where a history leads to, as `walk._led`."""
        found, m = self.lists(lists), _same_length(history, loud)
        arguments = (self.i64(history), self.f32(loud), m, self.f64(sums), len(sums))
        self.call(self.library.walk_sums, *found, *arguments)

    def walk_shares(self, lists: Lists, history: Rows, loud: Vector, rows: Rows, n: int) -> Matrix:
        """Return (k, m): how much each row of a history leads to each of k rows, as `walk._added`.

        Args:
            rows: below n, as is all that lists lead to.
        """
        added = np.zeros((len(rows), len(history)), np.float32)
        found, m = self.lists(lists), _same_length(history, loud)
        arguments = (self.i64(history), self.f32(loud), m, self.i64(rows), len(rows), n)
        self.call(self.library.walk_shares, *found, *arguments, self.f32(added))
        return added

    def text_profile(self, texts: Texts, history: Rows, evidence: Vector) -> tuple[Rows, Sums]:
        """Return the terms of what is liked, ascending, and what is said of each, as `content._sums`."""
        m = _same_length(history, evidence)
        room = min(m * texts.terms.shape[1], texts.n_terms)
        terms, sums = np.empty(room, np.int64), np.empty(room, np.float64)
        arguments = (self.i64(history), self.f32(evidence), m, self.i64(terms), self.f64(sums))
        struct, kept = self.texts(texts)
        found = self.call(self.library.text_profile, struct, *arguments)
        del kept  # what a struct points to has to stay until here
        return terms[:found], sums[:found]

    def text_shares(
        self, texts: Texts, rows: Rows, history: Rows, evidence: Vector, power: float
    ) -> Matrix:
        """Return (k, m): what each row of a history adds to each of k rows, as `content.shares`."""
        m = _same_length(history, evidence)
        added = np.empty((len(rows), m), np.float32)
        arguments = (self.i64(rows), len(rows), self.i64(history), self.f32(evidence), m)
        struct, kept = self.texts(texts)
        self.call(self.library.text_shares, struct, *arguments, power, self.f32(added))
        del kept
        return added

    def explored(
        self, draw: Draw, rows: Rows, support: NDArray[np.int32]
    ) -> tuple[int, Rows, NDArray[np.bool_]]:
        """Return the pool's size, the order in which a list is shown, and which places are explored.

        The order is empty when none is.
        """
        n = len(rows)
        order, is_slot, struct = (
            np.empty(n, np.int64),
            np.empty(n, bool),
            self.ffi.new("struct draw *"),
        )
        struct[0] = (*draw, 0)
        found = self.call(
            self.library.explored, struct, self.i64(rows), n, self.i32(support), len(support),
            self.i64(order), self.u8(is_slot),
        )  # fmt: skip
        return struct.pool, order if found else order[:0], is_slot

    def lists(self, lists: Lists) -> tuple[Any, ...]:
        """Return what kernels take of lists: starts, how many, rows, weights, how many of both."""
        starts, weights = self.i64(lists.starts), _laid_out(lists.weights, _F16)
        n_entries = _same_length(lists.rows, weights)
        weights_of = self._buffer(self._f16s, weights)
        return starts, len(starts) - 1, self.i32(lists.rows), weights_of, n_entries

    def texts(self, texts: Texts) -> tuple[Any, tuple[Any, Any]]:
        """Return the struct of texts, and what has to be kept while it is used."""
        if texts.terms.shape != texts.weights.shape:
            raise IndexError("each term needs a weight")
        terms, weights = self.i32(texts.terms), self.f32(texts.weights)
        found = self.ffi.new("struct texts *")
        found[0] = (terms, weights, *texts.terms.shape, texts.n_terms)
        return found, (terms, weights)

    def _voices(self, said: Sequence[Spoken], n: int) -> tuple[Any, list[Any]]:
        """Return the structs of voices, and what has to be kept while they are used."""
        voices, kept = self.ffi.new("struct voice[]", len(said)), []
        for i, one in enumerate(said):
            if one.points is None and one.scores is None:
                continue  # what is new is silent
            pointers = []
            for array in (one.points, one.scores, one.fade):
                if array is None:
                    pointers.append(self.ffi.NULL)
                    continue
                if len(array) < n:
                    raise IndexError("a voice does not speak of all rows")
                pointers.append(self.f32(array))
            voices[i] = (*pointers, *one.line)
            kept += pointers
        return voices, kept

    def call(self, function: Any, *arguments: Any) -> int:
        """Call a kernel; what it cannot do becomes an error."""
        code: int = function(*arguments)
        if code >= 0 or code == self.library.NOT_FINITE:
            return code
        if code == self.library.NO_MEMORY:
            raise MemoryError
        raise IndexError("an array points out of another")

    def f64(self, array: Sums) -> Any:
        """Return an array as C takes it; so the others: it has to be kept while it is used."""
        return self._buffer(self._f64s, _laid_out(array, _F64))

    def f32(self, array: NDArray[np.float32]) -> Any:
        """Return numbers."""
        return self._buffer(self._f32s, _laid_out(array, _F32))

    def i64(self, array: NDArray[np.int64]) -> Any:
        """Return rows."""
        return self._buffer(self._i64s, _laid_out(array, _I64))

    def u8(self, array: NDArray[np.uint8] | NDArray[np.bool_]) -> Any:
        """Return bytes, or a mask."""
        assert array.dtype in _BYTES, array.dtype
        return self._buffer(self._u8s, array)

    def i32(self, array: NDArray[np.int32]) -> Any:
        """Return narrow rows."""
        return self._buffer(self._i32s, _laid_out(array, _I32))


def _laid_out(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array in one piece and of a type, as C takes it: hardly ever another one.

    Raises:
        IndexError: where whole numbers do not fit.
    """
    if array.dtype == dtype and array.flags.c_contiguous:
        return array
    found = np.ascontiguousarray(array, dtype)
    if dtype.kind == "i" and not np.array_equal(found, array):
        raise IndexError("an index is too large")
    return found


def _same_length(*arrays: NDArray[Any]) -> int:
    n = len(arrays[0])
    if any(len(array) != n for array in arrays):
        raise IndexError("arrays of one length are needed")
    return n
