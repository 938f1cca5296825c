"""The door to a whole ranking in one call: what does not depend on the reader is handed over once.

What a kernel is to read is given as addresses, and an array that only an address points to may go at any
time: whatever is handed over is kept by the object here that handed it over, or until the call is over.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsvc.core.compiled.kernels import Bounds, Kernels, Lists, Rows, Texts, Vector

Group = tuple[float, float]


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
        is_squared: whether the scores are what leads there; else the square root of it.
    """

    lists: tuple[Lists, ...]
    loud: Vector
    is_squared: bool = False


class Read(NamedTuple):
    """A voice that says what reads like a history.

    Attributes:
        power: what the terms of the history are taken to.
        most: postings; who looks for more of them reads all texts at once.
    """

    power: float
    most: float


class Answer(NamedTuple):
    """What one voice answers a reader.

    Attributes:
        speaker: its place among the speakers.
        scores: (n,); written here unless `how` is None.
        loudness: share of its weight.
        how: what the scores are; None: they are there.
    """

    speaker: int
    scores: Vector
    loudness: float
    how: Led | Read | None


class Best(NamedTuple):
    """A ranking.

    Attributes:
        loudest: (k,) which speaker says most.
        standards: of each answer, (mean, scale) of rows without and with interactions; None of those
            that say nothing, or nothing in numbers.
    """

    rows: Rows
    scores: Vector
    loudest: NDArray[np.uint8]
    standards: list[tuple[Group, Group] | None]


class Standing(NamedTuple):
    """What there is to rank.

    Attributes:
        common: (n or more,) what all common voices say.
        warm: (n,) 1 for rows with interactions, else 0.
        postings: (n_terms, n) csr_matrix of the texts by term; where its indices are 64 bits wide, no
            voice can be `Read`.
    """

    common: Vector
    warm: Vector
    texts: Texts
    postings: Any


class Moment:
    """What there is, whoever asks, as the kernels take it."""

    def __init__(self, kernels: Kernels, standing: Standing, speakers: Sequence[Speaker]) -> None:
        common, warm, texts, postings = standing
        self.kernels = kernels
        self.reads = postings.indptr.dtype == np.int32
        self._ffi, self._library = kernels.ffi, kernels.library
        self._n = len(warm)
        assert len(common) >= self._n, "everybody's points reach as far as the model"
        self._kept: list[Any] = []
        self._lists: dict[tuple[int, ...], tuple[Any, int]] = {}
        self._moment = self._struct(
            "struct moment *",
            common=self._f32(common),
            warm=self._f32(warm),
            texts=self._texts(texts),
            postings=self._postings(postings) if self.reads else self._ffi.NULL,
            n=self._n,
        )
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
        del kept, also_kept
        if found < 0:
            return None
        standards = [_standard(speakers[answer.speaker]) for answer in answers]
        return Best(best[0][:found], best[1][:found], best[2][:found], standards)

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
            speaker.kind, speaker.is_squared = self._library.LED, how.is_squared
            kept.append(self.kernels.f32(how.loud))
            speaker.loud = kept[1]
            speaker.lists, speaker.n_lists = self._lists_of(how.lists)
        elif isinstance(how, Read):
            assert self.reads, "postings are short enough to be read"
            speaker.kind, speaker.power, speaker.most = self._library.READ, *how
        else:
            speaker.kind = self._library.SAID
        return kept

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
        """Return the struct of texts by term."""
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


def _standard(speaker: Any) -> tuple[Group, Group] | None:
    if speaker.is_silent:
        return None
    cold, hot = speaker.cold, speaker.hot
    return (cold.mean, cold.scale), (hot.mean, hot.scale)
