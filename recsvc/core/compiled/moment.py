"""The door to a whole ranking in one call: what does not depend on the reader is handed over once.

What a kernel is to read is given as addresses, and an array that only an address points to may go at any
time: whatever is handed over is kept by the object here that handed it over, or until the call is over.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from recsvc.core.compiled.kernels import Bounds, Kernels, Lists, Matrix, Rows, Texts, Vector

Group = tuple[float, float]
Taken = Literal["root", "squared", "sum"]


class Speaker(NamedTuple):
    """A voice that has a say, whoever asks.

    Attributes:
        points: (n or more,) of a common voice; None of one that answers readers, or is silent.
        fade: (n,) of a reader voice, how loud by row; None: alike everywhere.
        weight: points of one standard deviation.
        is_even: whether that is one deviation for all rows.
    """

    points: Vector | None
    fade: Vector | None
    weight: float
    is_even: bool


class Led(NamedTuple):
    """A voice that says where a history leads to.

    Attributes:
        loud: (m,) how loud each of the history leads on.
        taken: how what leads somewhere becomes a score: its root, that squared again, or as it is.
    """

    lists: tuple[Lists, ...]
    loud: Vector
    taken: Taken = "root"


class Read(NamedTuple):
    """A voice that says what reads like a history.

    Attributes:
        power: what the terms of the history are taken to.
        most: postings; who looks for more of them reads all texts at once.
    """

    power: float
    most: float


class FoldedIn(Protocol):
    """A reader folded in: `factors.FoldIn`."""

    @property
    def factors(self) -> Vector:
        """(f,)."""

    @property
    def influence(self) -> Matrix:
        """(f, h) how each of the latest h interactions made them."""

    @property
    def confidence(self) -> Vector:
        """(h,)."""


class Folded(NamedTuple):
    """A voice that said what a reader folded into factors has in common with items.

    Attributes:
        items: (n, f) factors.
        gram: (f, f) of them.
    """

    items: Matrix
    gram: NDArray[np.float64]
    reader: FoldedIn


# ROOT, SQUARED, SUM
_TAKEN: tuple[Taken, ...] = get_args(Taken)


class Answer(NamedTuple):
    """What one voice answers a reader.

    Attributes:
        speaker: its place among the speakers.
        scores: (n,); written here where the voice is `Led` or `Read`.
        loudness: share of its weight.
        how: where the scores come from; None: that only the voice knows.
    """

    speaker: int
    scores: Vector
    loudness: float
    how: Led | Read | Folded | None


class Best(NamedTuple):
    """A ranking.

    Attributes:
        loudest: (k,) which speaker says most.
        standards: of each answer, (mean, scale) of rows without and with interactions; None of those
            that say nothing, or nothing in numbers.
        told: what the speakers said, to be asked for reasons.
    """

    rows: Rows
    scores: Vector
    loudest: NDArray[np.uint8]
    standards: list[tuple[Group, Group] | None]
    told: "Told"


class Posted(Protocol):
    """Texts by term: `postings.Postings`."""

    @property
    def base(self) -> Any:
        """Return the csr_matrix of what was published."""

    @property
    def fresh(self) -> Any:
        """Return that of what came or changed since; None when there is nothing."""

    @property
    def stale(self) -> Rows:
        """Return the rows of `base` that changed."""

    @property
    def is_narrow(self) -> bool:
        """Return whether their indices are 32 bits wide."""


class Standing(NamedTuple):
    """What there is to rank.

    Attributes:
        common: (n or more,) what all common voices say.
        warm: (n,) 1 for rows with interactions, else 0.
        postings: of the texts by term; where they are not narrow, no voice can be `Read`.
    """

    common: Vector
    warm: Vector
    texts: Texts
    postings: Posted


class Moment:
    """What there is, whoever asks, as the kernels take it."""

    def __init__(self, kernels: Kernels, standing: Standing, speakers: Sequence[Speaker]) -> None:
        common, warm, texts, postings = standing
        self.kernels = kernels
        self.reads = postings.is_narrow
        self._ffi, self._library = kernels.ffi, kernels.library
        self._n = len(warm)
        assert len(common) >= self._n, "everybody's points reach as far as the model"
        self._kept: list[Any] = []
        self._factors: tuple[Matrix, NDArray[np.float64], tuple[Any, Any]] | None = None
        self._lists: dict[tuple[int, ...], tuple[Any, int]] = {}
        self._moment = self._struct(
            "struct moment *",
            common=self._f32(common),
            warm=self._f32(warm),
            texts=self._texts(texts),
            n=self._n,
        )
        if self.reads:
            self._moment.postings = self._postings(postings.base)
            if postings.fresh is not None:
                self._moment.fresh = self._postings(postings.fresh)
            self._moment.stale = self._keep(kernels.i64(postings.stale))
            self._moment.n_stale = len(postings.stale)
        self._weights = [speaker.weight for speaker in speakers]
        self._speakers = self._ffi.new("struct speaker[]", len(speakers))
        self._size = self._ffi.sizeof(self._speakers)
        for found, speaker in zip(self._speakers, speakers, strict=True):
            found.kind = self._library.SILENT
            found.is_even = speaker.is_even
            if speaker.points is not None:
                found.kind = self._library.COMMON
                found.points = self._whole(speaker.points)
            if speaker.fade is not None:
                found.fade = self._whole(speaker.fade)

    def rank(
        self, rows: Rows, evidence: Vector, answers: Sequence[Answer], bounds: Bounds, k: int
    ) -> Best | None:
        """Return the best rows for a reader; None when what the voices say adds up to no number.

        Args:
            rows: (m,) of the history.
            evidence: (m,) never 0.
        """
        ffi, kernels = self._ffi, self.kernels
        k = max(0, min(k, self._n))
        m = min(len(rows), len(evidence))
        kept = [kernels.i64(rows), kernels.f32(evidence)]
        history = ffi.new("struct history *", (*kept, m))
        speakers = ffi.new("struct speaker[]", len(self._weights))
        ffi.memmove(speakers, self._speakers, self._size)
        for answer in answers:
            kept += self._answered(speakers[answer.speaker], answer, m)
        limits, also_kept = kernels.bounds(bounds)
        best = np.empty(k, np.int64), np.empty(k, np.float32), np.empty(k, np.uint8)
        found = kernels.call(
            self._library.ranked, self._moment, history, speakers, len(self._weights), limits, k,
            kernels.i64(best[0]), kernels.f32(best[1]), kernels.u8(best[2]),
        )  # fmt: skip
        del also_kept
        if found < 0:
            return None
        standards = [_standard(speakers[answer.speaker]) for answer in answers]
        told = Told(self, history, speakers, kept, answers)
        return Best(best[0][:found], best[1][:found], best[2][:found], standards, told)

    def causes(self, told: "Told", visible: NDArray[np.bool_], rows: Rows) -> NDArray[np.void]:
        """Return what speaks for some rows, as `Told.causes`."""
        found, kernels = np.empty(len(rows), _CAUSE), self.kernels
        if len(visible) < told.history.m:
            raise IndexError("each of a history is visible or not")
        kernels.call(
            self._library.causes, self._moment, told.history, told.speakers, len(self._weights),
            kernels.u8(visible), kernels.i64(rows), len(rows),
            self._ffi.from_buffer("struct cause[]", found),
        )  # fmt: skip
        return found

    def _answered(self, speaker: Any, answer: Answer, m: int) -> list[Any]:
        """Write down what a voice answers; return what has to be kept while that is used."""
        if len(answer.scores) < self._n:
            raise IndexError("a voice does not speak of all rows")
        speaker.weight = self._weights[answer.speaker] * answer.loudness
        kept, how = [self.kernels.f32(answer.scores)], answer.how
        speaker.scores = kept[0]
        if isinstance(how, Led):
            if len(how.loud) < m:
                raise IndexError("each of a history leads somewhere")
            speaker.kind, speaker.taken = self._library.LED, _TAKEN.index(how.taken)
            kept.append(self.kernels.f32(how.loud))
            speaker.loud = kept[1]
            speaker.lists, speaker.n_lists = self._lists_of(how.lists)
        elif isinstance(how, Read):
            assert self.reads, "postings are short enough to be read"
            speaker.kind, speaker.power, speaker.most = self._library.READ, *how
        else:
            speaker.kind = self._library.SAID
            if how is not None:
                kept += self._folded(speaker, how, m)
        return kept

    def _folded(self, speaker: Any, how: Folded, m: int) -> list[Any]:
        """Write down where scores come from; return what has to be kept while that is used."""
        kernels, reader, (f, h) = self.kernels, how.reader, how.reader.influence.shape
        is_whole = len(how.items) >= self._n and how.items.shape[1] == len(reader.factors) == f
        if not is_whole or how.gram.shape != (f, f) or len(reader.confidence) != h or h > m:
            raise IndexError("a reader is folded into the factors of all items")
        taste = self._ffi.new("struct taste *")
        kept = [
            *self._of_model(how),
            kernels.f32(reader.factors),
            kernels.f32(reader.influence),
            kernels.f32(reader.confidence),
        ]
        taste.items, taste.gram, taste.factors, taste.influence, taste.confidence = kept
        taste.f, taste.n_heard = f, h
        speaker.taste = taste
        return [*kept, taste]

    def _of_model(self, how: Folded) -> tuple[Any, Any]:
        """Return the factors of items and their gram: those of a model are asked for at each ranking."""
        known = self._factors
        if known is None or known[0] is not how.items or known[1] is not how.gram:
            found = self.kernels.f32(how.items), self.kernels.f64(how.gram)
            self._factors = known = how.items, how.gram, found
        return known[2]

    def _lists_of(self, lists: tuple[Lists, ...]) -> tuple[Any, int]:
        """Return the structs of lists: the same few of a model are asked for again and again."""
        key = tuple(map(id, lists))
        if key not in self._lists:
            found = self._ffi.new("struct lists[]", len(lists))
            for one, of in zip(found, lists, strict=True):
                taken = self.kernels.lists(of)
                one.starts, one.n, one.led, one.weights, one.n_entries = taken
                self._kept += [of, taken]
            self._lists[key] = found, len(lists)
        return self._lists[key]

    def _texts(self, texts: Texts) -> Any:
        found, kept = self.kernels.texts(texts)
        self._kept += [found, kept]
        return found

    def _postings(self, postings: Any) -> Any:
        """Return the struct of a csr_matrix of texts by term."""
        starts = self._keep(self.kernels.i32(postings.indptr))
        return self._struct(
            "struct postings *",
            starts=starts,
            rows=self._keep(self.kernels.i32(postings.indices)),
            weights=self._f32(postings.data),
            n_terms=len(postings.indptr) - 1,
            n_entries=min(len(postings.indices), len(postings.data)),
        )

    def _struct(self, kind: str, **fields: Any) -> Any:
        return self._keep(self._ffi.new(kind, fields))

    def _whole(self, array: Vector) -> Any:
        if len(array) < self._n:
            raise IndexError("a voice does not speak of all rows")
        return self._f32(array)

    def _f32(self, array: Vector) -> Any:
        return self._keep(self.kernels.f32(array))

    def _keep(self, handed_over: Any) -> Any:
        self._kept.append(handed_over)
        return handed_over


# struct cause
_CAUSE = np.dtype(
    [
        ("history", np.int64),
        ("strongest", np.float64),
        ("total", np.float64),
        ("voice", np.int64),
        ("said", np.float64),
        ("spoken", np.float64),
        ("answered", np.int64),
        ("answered_most", np.float64),
    ]
)


class Told:
    """What the speakers said to one reader, as the kernels have it."""

    def __init__(
        self,
        moment: Moment,
        history: Any,
        speakers: Any,
        kept: list[Any],
        answers: Sequence[Answer],
    ) -> None:
        self.history, self.speakers = history, speakers
        self._moment, self._kept = moment, [*kept, answers]
        self._is_known = all(
            answer.how is not None or speakers[answer.speaker].is_silent for answer in answers
        )

    def causes(self, visible: NDArray[np.bool_], rows: Rows) -> list[tuple[Any, ...]] | None:
        """Return what speaks for some rows; None where only a voice itself knows what speaks for it.

        Args:
            visible: (m,) which interactions may be named.

        Returns:
            Of each row the interaction without which it would lose most, what it and what all of them
            add, the loudest common speaker (-1: none), what it and what all of them say, and the speaker
            whose answer says most (-1: none answered), and what that says.
        """
        if not self._is_known:
            return None
        found: list[tuple[Any, ...]] = self._moment.causes(self, visible, rows).tolist()
        return found


def _standard(speaker: Any) -> tuple[Group, Group] | None:
    if speaker.is_silent:
        return None
    cold, hot = speaker.cold, speaker.hot
    return (cold.mean, cold.scale), (hot.mean, hot.scale)
