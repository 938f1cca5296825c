"""The blend: what the voices say, made comparable and added up.

    score = Σ m/(m + h) · weight · points(reader voice)
          + Σ weight · points(common voice) + lift − fatigue

A reader voice's scores become points within the items with interactions and within those without; a
common voice says points. The voices know when to be quieter: text as more readers stand behind an item,
the factors while little stands behind them; and who answers a reader of m interactions speaks with half
its weight at m = h, so that whoever did hardly anything is served nearly as a stranger is, where that is
better. What the reader follows is lifted, and what they were shown and passed over steps back.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import HOUR_US
from recsvc.core import compiled
from recsvc.core.compiled.kernels import Bounds, Kernels, Spoken
from recsvc.core.compiled.moment import Answer, Moment, Speaker, Standing, Told
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.standardizing import SILENT, Scores, Standard, standard
from recsvc.core.ranking.voice import Asked, CommonVoice, Heard, History, ReaderVoice, Voice, World
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.reader import Reader
from recsvc.core.top_k import keep_only, top_k
from recsvc.errors import NotFiniteError

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

SOURCES = ("personal", "similar", "trending", "new", "explore", "search", "listed", "again")
_NO_NUMBER = "what the voices say adds up to no number"
PERSONAL, SIMILAR, TRENDING, NEW, EXPLORE, SEARCH, LISTED, AGAIN = range(len(SOURCES))


class Common(msgspec.Struct, frozen=True):
    """What is true for everybody: the same for all readers until a vote, an item or the hour changes.

    Attributes:
        voices: who has a say.
        points: of each voice, (n,); None of those that answer a reader, or are silent.
        total: (n,) sum of the points.
        loudness: of each voice, share of its weight: a number, or (n,) by row.
        sources: of each voice, index into SOURCES.
        handed: the same as it was handed to the kernels, once it was.
    """

    voices: tuple[Voice, ...]
    points: tuple[Scores | None, ...]
    total: Scores
    loudness: tuple[float | Scores, ...]
    sources: NDArray[np.uint8]
    handed: list["Handed"] = msgspec.field(default_factory=list)


class Said(msgspec.Struct, frozen=True):
    """What one voice said to one reader.

    Attributes:
        common: (n,) what a voice added to everybody's scores; None of others, and when it was silent.
        warm: (n,) 1 for rows with interactions, else 0.
        heard: what it said, of a reader voice that spoke.
        standard: how its scores became points.
        fade: (n,) how loud it was by row; None when alike everywhere.
    """

    voice: Voice
    common: Scores | None
    warm: Scores
    heard: Heard | None = None
    standard: Standard = SILENT
    fade: Scores | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it added nothing anywhere."""
        return self.heard is None and self.common is None

    def points(self) -> Scores | None:
        """Return (n,) what that added to the score; None when it was silent."""
        if self.heard is None:
            return self.common
        points = self.standard.points(self.heard.scores, self.warm)
        return points if self.fade is None else points * self.fade

    def at(self, rows: Rows) -> Scores:
        """Return (k,) points of some rows."""
        if self.heard is None:
            return np.zeros(len(rows), np.float32) if self.common is None else self.common[rows]
        points = self.standard.points(self.heard.scores[rows], self.warm[rows])
        return points if self.fade is None else points * self.fade[rows]

    def spoken(self) -> Spoken:
        """Return the same as the kernels take it."""
        scores = None if self.heard is None else self.heard.scores
        return Spoken(self.common, scores, self.fade, self.standard.line)

    def scale(self, rows: Rows, warm: Scores) -> Scores:
        """Return (k,) the points of one unit of score in some rows.

        Args:
            warm: (k,) 1 for rows with interactions, else 0.
        """
        scale = self.standard.scale(warm)
        return scale if self.fade is None else scale * self.fade[rows]


class Handed(msgspec.Struct, frozen=True):
    """What is true for everybody, as it was handed to the kernels, and of what.

    Attributes:
        speakers: the voices that have a say.
        asked: those of them that answer readers: (place in the list, among the speakers, voice).
        sources: of the speakers, index into SOURCES.
        unsaid: of each voice, what it said where it answers nothing.
    """

    moment: Moment
    model: Model
    params: BlendParams
    speakers: tuple[Voice, ...]
    asked: list[tuple[int, int, ReaderVoice]]
    sources: NDArray[np.uint8]
    unsaid: tuple[Said, ...]


class Voices(msgspec.Struct, frozen=True):
    """What made a personal ranking.

    Attributes:
        blend: what they spoke by.
        known: places in the reader's history that its model knows.
        said: by each voice, in the order of the list.
        speakers: those of them that have a say, as the kernels number them.
        told: the same as the kernels have it; None where numpy ranked.
    """

    blend: "Blend"
    known: Rows
    said: tuple[Said, ...]
    speakers: tuple[Voice, ...] = ()
    told: Told | None = None

    @property
    def model(self) -> Model:
        """The model that they spoke by."""
        return self.blend.model


class Ranking(msgspec.Struct, frozen=True):
    """Rows in order, and why.

    Attributes:
        rows: (k,) best first, equal scores in row order.
        scores: (k,).
        sources: (k,) index into SOURCES: which source said most.
        voices: what made a personal ranking, for reasons; None for lists that are nobody's.
    """

    rows: Rows
    scores: Scores
    sources: NDArray[np.uint8]
    voices: Voices | None = None


def common(
    catalogue: Catalogue,
    model: Model,
    params: BlendParams,
    now_us: int,
    voices: Sequence[Voice] = VOICES,
) -> Common:
    """Return what is true for everybody.

    Args:
        now_us: only its hour counts, so that the order stands still between events.
    """
    world = World(catalogue, model, params, now_us // HOUR_US * HOUR_US)
    points = [_to_everybody(voice, world) for voice in voices]
    return _common(model, params, voices, points, catalogue.n)


def common_to_nobody(model: Model, params: BlendParams, voices: Sequence[Voice] = VOICES) -> Common:
    """Return the same where no common voice speaks: in trials without boards."""
    return _common(model, params, voices, [None] * len(voices), model.n)


def _common(
    model: Model,
    params: BlendParams,
    voices: Sequence[Voice],
    points: list[Scores | None],
    n: int,
) -> Common:
    # A snapshot may know rows a moment before the catalogue does: they have no points yet.
    width = max(n, model.n)
    grown = [None if p is None else np.pad(p, (0, width - len(p))) for p in points]
    with _unchecked():
        total = sum((p for p in grown if p is not None), np.zeros(width, np.float32))
    loudness = tuple(voice.loudness(model, params) for voice in voices)
    sources = np.array([SOURCES.index(voice.source) for voice in voices], np.uint8)
    return Common(tuple(voices), tuple(grown), total, loudness, sources)


def _to_everybody(voice: Voice, world: World) -> Scores | None:
    """Return the points of a common voice; None when it is silent, or says what is no number."""
    weight = voice.weight(world.params)
    if not isinstance(voice, CommonVoice) or not weight:
        return None
    with _unchecked():
        points = voice.points(world) * np.float32(weight)
    return points if np.isfinite(points).all() else None


class Blend(msgspec.Struct, frozen=True):
    """What ranks readers at one instant.

    Attributes:
        common: what is true for everybody, of the same model and weights.
    """

    model: Model
    common: Common
    params: BlendParams

    def rank(self, reader: Reader, candidates: Mask, k: int) -> Ranking:
        """Rank for a reader with at least one interaction that the model knows.

        Args:
            candidates: which rows may be listed; rows beyond may not.

        Raises:
            NotFiniteError: when the sum of what the voices say is no number.
        """
        known, history = self._history(reader)
        if (fast := compiled.kernels()) is not None:
            return self._rank_at_once(self._handed(fast), reader, (known, history), candidates, k)
        heard = [None if asked is None else asked.to_reader(history) for asked in self._asked()]
        return self._best(reader, self._said(known, reader, heard), candidates, k)

    def _rank_at_once(
        self,
        handed: Handed,
        reader: Reader,
        did: tuple[Rows, History],
        candidates: Mask,
        k: int,
    ) -> Ranking:
        """Rank by one call of the kernels."""
        known, history = did
        heard: list[tuple[int, Asked]] = []
        answers = []
        for place, speaker, voice in handed.asked:
            if (asked := voice.asked(history)) is not None:
                heard.append((place, asked))
                share = voice.share(len(history.rows), self.params)
                answers.append(Answer(speaker, asked.heard.scores, share, asked.how))
        bounds = _bounds(reader, candidates)
        best = handed.moment.rank(history.rows, history.evidence, answers, bounds, k)
        if best is None:
            raise NotFiniteError(_NO_NUMBER)
        said = list(handed.unsaid)
        for (place, asked), found in zip(heard, best.standards, strict=True):
            if found is not None:
                one = handed.unsaid[place]
                said[place] = Said(
                    one.voice, None, one.warm, asked.heard, Standard(*found), self._fade(place)
                )
        sources = handed.sources[best.loudest]
        voices = Voices(self, known, tuple(said), handed.speakers, best.told)
        return Ranking(best.rows, best.scores, sources, voices)

    def _handed(self, fast: Kernels) -> Handed:
        """Return what is true for everybody as the kernels have it: handed over once."""
        for known in self.common.handed:
            is_of_this = known.model is self.model and known.params is self.params
            if is_of_this and known.moment.kernels is fast:
                return known
        handed = self._hand_over(fast)
        self.common.handed[:] = [handed]
        return handed

    def _hand_over(self, fast: Kernels) -> Handed:
        common, model, warm = self.common, self.model, self.model.warm
        places = self._speaking(common.voices)
        asked, speakers = [], []
        for i in places:
            voice = common.voices[i]
            weight = voice.weight(self.params) * self._share(i)
            speakers.append(Speaker(common.points[i], self._fade(i), weight, voice.is_even))
            if isinstance(voice, ReaderVoice) and self._is_asked(voice):
                asked.append((i, len(speakers) - 1, voice))
        standing = Standing(common.total, warm, model.texts, model.postings)
        moment = Moment(fast, standing, speakers)
        unsaid = tuple(
            Said(voice, points, warm)
            for voice, points in zip(common.voices, common.points, strict=True)
        )
        speaking = tuple(common.voices[i] for i in places)
        return Handed(moment, model, self.params, speaking, asked, common.sources[places], unsaid)

    def _fade(self, i: int) -> Scores | None:
        """Return (n,) the share of its weight that voice i has by row; None: alike everywhere."""
        loudness = self.common.loudness[i]
        return loudness if isinstance(loudness, np.ndarray) else None

    def _share(self, i: int) -> float:
        """Return the share of its weight that voice i has everywhere."""
        loudness = self.common.loudness[i]
        return 1.0 if isinstance(loudness, np.ndarray) else loudness

    def _speaking(self, voices: Sequence[Voice]) -> list[int]:
        """Return which voices have a say.

        What no reader asks is no item's source, not even of what all others speak against.
        """
        everybody = list(range(len(voices)))
        return [i for i in everybody if self._is_asked(voices[i])] or everybody

    def rank_all(self, readers: Sequence[Reader], candidates: Mask, k: int) -> list[Ranking]:
        """Rank for many readers: the same, each voice asked once for all of them."""
        return [
            self._best(reader, voices, candidates, k)
            for reader, voices in zip(readers, self.said_to(readers), strict=True)
        ]

    def said_to(self, readers: Sequence[Reader]) -> Iterator[Voices]:
        """Yield what each voice says to each of many readers, in order."""
        histories = [self._history(reader) for reader in readers]
        answers: list[Iterable[Heard | None]] = [
            [None] * len(readers) if asked is None else asked.to_readers([h for _, h in histories])
            for asked in self._asked()
        ]
        for reader, (known, _), *heard in zip(readers, histories, *answers, strict=True):
            yield self._said(known, reader, heard)

    def _asked(self) -> list[ReaderVoice | None]:
        """Return each voice if it answers readers and weighs anything, else None."""
        return [
            voice if isinstance(voice, ReaderVoice) and self._is_asked(voice) else None
            for voice in self.common.voices
        ]

    def _history(self, reader: Reader) -> tuple[Rows, History]:
        """Return the places of a reader's history that the model knows, and what is there."""
        known = np.flatnonzero(reader.rows < self.model.n)
        return known, History(self.model, self.params, reader.rows[known], reader.evidence[known])

    def _said(self, known: Rows, reader: Reader, heard: Sequence[Heard | None]) -> Voices:
        """Return what each voice says to a reader."""
        own, common = reader.rows[known], self.common
        said = [
            Said(v, points, self.model.warm)
            for v, points in zip(common.voices, common.points, strict=True)
        ]
        with _unchecked():
            for i, answer in enumerate(heard):
                if answer is not None:
                    said[i] = self._answered(i, answer, own)
        return Voices(self, known, tuple(said))

    def _answered(self, i: int, heard: Heard, own: Rows) -> Said:
        """Return the answer of voice i as points; silent where its scores are no numbers.

        Args:
            own: rows of the reader's history.
        """
        voice, warm = self.common.voices[i], self.model.warm
        assert isinstance(voice, ReaderVoice), "who answered"
        share = voice.share(len(own), self.params) * self._share(i)
        weight = voice.weight(self.params) * share
        if not weight:
            return Said(voice, None, warm)
        found = standard(heard.scores, warm, own, weight, is_even=voice.is_even)
        if found is SILENT:
            return Said(voice, None, warm)
        return Said(voice, None, warm, heard, found, self._fade(i))

    def _best(self, reader: Reader, voices: Voices, candidates: Mask, k: int) -> Ranking:
        heard = self._speaking([one.voice for one in voices.said])
        said, sources = [voices.said[i] for i in heard], self.common.sources[heard]
        fast = compiled.kernels()
        if fast is None:
            best = self._best_by_numpy(reader, said, candidates, k)
        else:
            spoken, warm = [one.spoken() for one in said], self.model.warm
            best = fast.best_rows(spoken, self.common.total, warm, _bounds(reader, candidates), k)
        if best is None:
            raise NotFiniteError(_NO_NUMBER)
        rows, scores, loudest = best
        return Ranking(rows, scores, sources[loudest], voices)

    def _is_asked(self, voice: Voice) -> bool:
        return not isinstance(voice, ReaderVoice) or voice.weight(self.params) > 0

    def _best_by_numpy(
        self, reader: Reader, said: Sequence[Said], candidates: Mask, k: int
    ) -> tuple[Rows, Scores, NDArray[np.uint8]] | None:
        """Return the best rows, their scores and the place of what says most; None without a number."""
        n = self.model.n
        total = self._total(reader, said)
        if not (np.isfinite(total.max(initial=0)) and np.isfinite(total.min(initial=0))):
            return None
        keep_only(total, candidates)
        total[[row for row in reader.excluded if row < n]] = -np.inf
        best = top_k(total, k)
        loudest = np.stack([one.at(best) for one in said]).argmax(axis=0)
        return best, total[best], loudest.astype(np.uint8)

    def _total(self, reader: Reader, said: Sequence[Said]) -> Scores:
        """Return (n,) the sum of all points and of the reader's own shift, which may be no number."""
        total = self.common.total[: self.model.n].copy()
        with _unchecked():
            for one in said:
                if one.heard is not None and (points := one.points()) is not None:
                    total += points
            if (shift := reader.shift) is not None:
                shift = shift[: len(total)]
                total[: len(shift)] += shift
        return total


def _bounds(reader: Reader, candidates: Mask) -> Bounds:
    """Return what of a reader's ranking is not the voices', as the kernels take it."""
    excluded = np.array(reader.excluded, np.int64)
    if reader.tired is None or reader.lift is not None:
        return Bounds(reader.shift, None, candidates, excluded)
    return Bounds(None, (reader.tired.rows, reader.tired.points), candidates, excluded)


def _unchecked() -> np.errstate:
    """Return a context that computes without warning: what comes of it is looked at afterwards."""
    return np.errstate(over="ignore", invalid="ignore")
