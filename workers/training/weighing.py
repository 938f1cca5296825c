"""Weighing: how loud each voice should speak on this site, by what its readers went for in the slice.

A site of news and a library want different feeds, and no weights serve both. What each voice says to
the readers who are asked does not depend on the weights, so that a trial of weights is one product of
a small array. From the weights that are set, and from each voice speaking loudest, one weight at a time
is moved for as long as the lists get better by more than it costs to have moved: every doubling away
from what is set costs a share of the doubt about the mean, so that little evidence moves little. At the
end the whole move must be worth twice its own doubt.

Who answers a history may be worth hearing only once that is long. So by the same moves, at the same
price, it is learned of each such voice how many interactions it takes until a reader hears it with half
its weight (`half_at`). What is moved is the tilt alone: who has done as much as the median reader hears
the voice as before. In the limit of no interactions only those voices are left that speak to everybody.

Weights that are in force stay until others are surely better: a feed must not swing between two ways of
speaking that are as good as each other whenever a model is trained.

Where nothing can be taught, a young site is served as readers without a history are (`young`), unless
its readers were better off with what is set.

What is said of the result is foreseen, too: the readers are halved, each half is ranked by the weights
that the other half taught, and unless that is better than what nobody has to teach, this stays.

A voice that speaks unasked gets quieter and never silent: what a reader does changes their next feed on
every site. Only proportions are learned: the spread of scores stays as it is set, for what is followed
is lifted by a number of points.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations_with_replacement

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import ReaderVoice, Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.ranking.voices.linear import Linear
from recsvc.core.top_k import top_k
from workers.training.moment import Moment
from workers.training.ranking import reader_of
from workers.training.taught import NOTHING, Taught
from workers.training.trying import K, Trying
from workers.training.young import young

Values = NDArray[np.float64]
Weights = NDArray[np.float64]

_TRIALS = 400
_DEPTH = 100
_BATCH = 32
_FEWEST_READERS = 60

_LOUDEST = 16.0
_WAKING = (1.0, 0.25, 1 / 16)
_STEPS = (4.0, 0.25, 2.0, 0.5, 2**0.5, 0.5**0.5)
_SOFTEST = 1 / 256
_HALVES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

COST = 0.05  # of a doubling, in standard errors of the mean
_SURE = 2.0  # standard errors that the whole move must be worth


class Weighed(msgspec.Struct, frozen=True):
    """What weighing came to.

    Attributes:
        taught: nothing: voices speak as they are set.
        ndcg: each asked reader's NDCG@20, foreseen, moment by moment.
        before: the same with the weights that are set.
    """

    taught: Taught
    ndcg: Values
    before: Values


class Loudness(msgspec.Struct, frozen=True):
    """How loud voices speak.

    Attributes:
        weights: (v,) as the median reader hears them.
        half_at: (v,) interactions at which a voice is heard by half; 0 of those that speak to everybody.
    """

    weights: Weights
    half_at: Weights

    def shares(self, lengths: Values) -> Weights:
        """Return (r, v) of the whole weight, to readers of so many interactions."""
        return lengths[:, None] / (lengths[:, None] + self.half_at)


class Pool(msgspec.Struct, frozen=True):
    """What the voices say to readers of the items that any of them would list.

    Attributes:
        points: (r, c, v) of one unit of weight, heard in full; padded.
        is_item: (r, c) False where padded.
        is_target: (r, c) what their readers went for.
        best: (r,) what the best possible list is worth.
        lengths: (r,) how many interactions they have.
        median: how many the median reader has, of all there are.
        answers: (v,) which voices answer a history.
    """

    points: NDArray[np.float32]
    is_item: NDArray[np.bool_]
    is_target: NDArray[np.bool_]
    best: Values
    lengths: Values
    median: float
    answers: NDArray[np.bool_]

    def of(self, readers: NDArray[np.int64]) -> "Pool":
        """Return the same of some readers."""
        return msgspec.structs.replace(
            self,
            points=self.points[readers],
            is_item=self.is_item[readers],
            is_target=self.is_target[readers],
            best=self.best[readers],
            lengths=self.lengths[readers],
        )

    def sums(self, loud: Loudness) -> NDArray[np.float32]:
        """Return (r, c) what the voices say together."""
        heard = loud.shares(self.lengths) / loud.shares(np.array([self.median])) * loud.weights
        sums: NDArray[np.float32] = (self.points @ heard.astype(np.float32)[:, :, None])[:, :, 0]
        return sums

    def ndcg(self, loud: Loudness) -> Values:
        """Return (r,) NDCG@20: of each target only how many items stand before it is counted."""
        scores = self.sums(loud)
        scores[~self.is_item] = -np.inf
        readers, places = np.nonzero(self.is_target)
        own = scores[readers, places][:, None]
        others = scores[readers]
        before = (others > own).sum(axis=1)
        before += ((others == own) & (np.arange(others.shape[1]) < places[:, None])).sum(axis=1)
        gains = np.append(_DISCOUNTS, 0.0)[np.minimum(before, K)]
        return np.bincount(readers, gains, len(self.best)) / self.best


_DISCOUNTS = 1 / np.log2(np.arange(2, K + 2))


def may_wake_linear(tried: Trying) -> bool:
    """Return whether the readers who are asked may teach that the linear voice speaks."""
    is_asked = tried.n_readers >= _FEWEST_READERS and tried.holdout.is_by_time
    return is_asked and _may_speak(Linear(), tried.blend)


def weigh(tried: Trying, trial: Snapshot, held: Taught = NOTHING) -> Weighed:
    """Return how loud the voices rank the readers of a trial best, which has not seen the slice.

    Args:
        held: what is in force: it stays unless something else is surely better.
    """
    before = tried.ndcg(trial)
    untaught, unled = _untaught(tried, trial, before)
    voices = [voice for voice in VOICES if _may_speak(voice, tried.blend)]
    if len(before) < _FEWEST_READERS or not voices or not tried.holdout.is_by_time:
        return Weighed(untaught, unled, before)
    pool = pooled(tried, trial, voices)
    naming = _Naming(voices, tried.blend, pool.median)
    set_to = naming.loudness(NOTHING)
    is_even = np.random.default_rng(trial.manifest.seed).permutation(len(before)) % 2 == 0
    halves = [np.flatnonzero(is_even), np.flatnonzero(~is_even)]
    ndcg, foreseen = unled.copy(), unled.copy()
    for taught, asked in (halves, halves[::-1]):
        found = found_for(pool.of(taught), set_to)
        if found is not None:
            ndcg[asked] = tried.only(asked).ndcg(naming.taught(found).to(trial))
            foreseen[asked] = pool.of(asked).ndcg(found)
    if all(voice.name in held.weights for voice in voices):
        in_force = naming.loudness(held)
        kept = pool.ndcg(in_force)
        if _is_surely_more(kept, unled) and not _is_surely_more(foreseen, kept):
            return Weighed(naming.taught(in_force), ndcg, before)
    found = None if ndcg.mean() <= unled.mean() else found_for(pool, set_to)
    if found is None:
        return Weighed(untaught, unled, before)
    return Weighed(naming.taught(found), ndcg, before)


def _untaught(tried: Trying, trial: Snapshot, before: Values) -> tuple[Taught, Values]:
    """Return what nobody has to teach, and each reader's NDCG@20 with it.

    Only enough readers, and surely better off, bring back what is set: where thirty of them tossed a
    coin, a quarter of young magazines lost half of their lists.

    Args:
        before: the NDCG with the weights that are set.
    """
    taught = young(tried.holdout.histories, tried.blend)
    if taught == NOTHING:
        return taught, before
    led = tried.ndcg(taught.to(trial))
    may_tell = len(before) >= _FEWEST_READERS
    return (NOTHING, before) if may_tell and _is_surely_more(before, led) else (taught, led)


class _Naming(msgspec.Struct, frozen=True):
    """What stands in a manifest, as the search has it.

    Attributes:
        median: how many interactions the median reader has.
    """

    voices: Sequence[Voice]
    blend: BlendParams
    median: float

    def loudness(self, taught: Taught) -> Loudness:
        """Return how loud voices speak then."""
        params = self.blend.with_weights(taught.weights, taught.half_at)
        half_at = np.array([_half_at(voice, params) for voice in self.voices])
        weights = np.array([voice.weight(params) for voice in self.voices])
        return Loudness(weights * self._share(half_at), half_at)

    def taught(self, loud: Loudness) -> Taught:
        """Return the same by name; usual numbers of interactions are not named."""
        weights = loud.weights / self._share(loud.half_at)
        found = zip(self.voices, weights.tolist(), loud.half_at.tolist(), strict=True)
        named, half_at = {}, {}
        for voice, weight, half in found:
            named[voice.name] = float(f"{weight:.4g}")
            if half != _half_at(voice, self.blend):
                half_at[voice.name] = half
        return Taught(named, half_at)

    def _share(self, half_at: Weights) -> Weights:
        return self.median / (self.median + half_at)


def _half_at(voice: Voice, params: BlendParams) -> float:
    return voice.half_at(params) if isinstance(voice, ReaderVoice) else 0.0


def _may_speak(voice: Voice, params: BlendParams) -> bool:
    """Return whether a voice speaks as it is set, or is only silent unasked."""
    is_asleep = voice.usual == 0 and voice.name not in params.weights
    return voice.weight(params) > 0 or is_asleep


def found_for(pool: Pool, set_to: Loudness) -> Loudness | None:
    """Return what ranks better, surely; None where nothing does."""
    before = pool.ndcg(set_to)
    doubt = before.std() / np.sqrt(len(before))

    def worth(loud: Loudness) -> float:
        far = doublings(loud, set_to, pool.median)
        return float(pool.ndcg(loud).mean() - COST * doubt * far)

    best = climbed(worth, set_to, pool.answers)
    if not _is_surely_more(pool.ndcg(best), before):
        return None
    return _weighing(best, best.weights * _spread(pool, set_to) / _spread(pool, best))


def _is_surely_more(ours: Values, theirs: Values) -> bool:
    """Return whether readers gain, on average, more than twice what chance could give them."""
    gain = ours - theirs
    return bool(gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)))


def climbed(
    worth: Callable[[Loudness], float], set_to: Loudness, answers: NDArray[np.bool_]
) -> Loudness:
    """Return the best within the trials there are, one number moved at a time.

    Args:
        answers: (v,) which voices answer a history.
    """
    tried: dict[tuple[float, ...], float] = {}

    def value(loud: Loudness) -> float:
        key = (*loud.weights.tolist(), *loud.half_at.tolist())
        if key not in tried:
            tried[key] = worth(loud)
        return tried[key]

    best = max([set_to, *_louder(set_to)], key=value)
    moved = True
    while moved and len(tried) < _TRIALS:
        moved = False
        for moves in _moves(set_to, answers):
            other = max([best, *moves(best)], key=value)
            if value(other) > value(best):
                best, moved = other, True
    return best


def _louder(loud: Loudness) -> Iterator[Loudness]:
    """Yield the same with each voice in turn, and each two, far louder than all others."""
    for one, other in combinations_with_replacement(range(len(loud.weights)), 2):
        both = _changed(_changed(loud.weights, one, _LOUDEST), other, _LOUDEST)
        yield _weighing(loud, both)


Moves = Callable[[Loudness], Iterator[Loudness]]


def _moves(set_to: Loudness, answers: NDArray[np.bool_]) -> Iterator[Moves]:
    """Yield what may be moved: each weight, and from when on who answers is heard, all and each."""
    for place in range(len(answers)):
        yield partial(_weights_moved, place, _SOFTEST if set_to.weights[place] else 0.0)
    yield partial(_halves_moved, answers)
    for place in np.flatnonzero(answers).tolist():
        yield partial(_halves_moved, np.arange(len(answers)) == place)


def _weights_moved(place: int, softest: float, loud: Loudness) -> Iterator[Loudness]:
    """Yield the same with one weight moved, down to the softest there may be.

    A silent voice is woken to be as loud as the loudest, or less.
    """
    now = loud.weights[place]
    steps = _STEPS if now else _WAKING
    for step in steps:
        to = step * (now or loud.weights.max())
        yield _weighing(loud, _changed(loud.weights, place, to if to >= _SOFTEST else softest))
    yield _weighing(loud, _changed(loud.weights, place, softest))


def _halves_moved(places: NDArray[np.bool_], loud: Loudness) -> Iterator[Loudness]:
    """Yield the same with some voices heard from other numbers of interactions on."""
    spoken = places & (loud.weights > 0)
    for half in _HALVES if spoken.any() else ():
        yield Loudness(loud.weights, np.where(spoken, half, loud.half_at))


def _weighing(loud: Loudness, weights: Weights) -> Loudness:
    return Loudness(weights, loud.half_at)


def _changed(weights: Weights, place: int, to: float) -> Weights:
    other = weights.copy()
    other[place] = to
    return other


def doublings(loud: Loudness, set_to: Loudness, median: float) -> float:
    """Return how many doublings lie between two, as the median reader hears them and in the tilt.

    Silence is as far as the softest that is heard.
    """
    near, far = np.maximum(loud.weights, _SOFTEST), np.maximum(set_to.weights, _SOFTEST)
    told = np.abs(np.log2(near / far)).sum()
    ends = np.array([1.0, median])
    (one, usual), (one_set, usual_set) = loud.shares(ends), set_to.shares(ends)
    return float(told + np.abs(np.log2(one / usual * usual_set / one_set)).sum())


def _spread(pool: Pool, loud: Loudness) -> float:
    """Return the mean standard deviation of a reader's scores."""
    scores = np.where(pool.is_item, pool.sums(loud), np.nan)
    return float(np.nanstd(scores, axis=1).mean())


def pooled(tried: Trying, trial: Snapshot, voices: Sequence[Voice]) -> Pool:
    """Return what some voices say to all who are asked, moment by moment."""
    model = tried.model(trial)
    rows: list[_Answered] = []
    for moment in tried.moments:
        rows += _at(moment, tried, model, voices)
    width = max(len(one.points) for one in rows)
    points = np.zeros((len(rows), width, len(voices)), np.float32)
    is_item, is_target = np.zeros((2, len(rows), width), bool)
    for i, one in enumerate(rows):
        n = len(one.points)
        points[i, :n], is_item[i, :n], is_target[i, :n] = one.points, True, one.is_target
    best, lengths = np.array([(one.best, max(one.length, 1.0)) for one in rows]).T
    answers = np.array([isinstance(voice, ReaderVoice) for voice in voices])
    return Pool(points, is_item, is_target, best, lengths, float(np.median(lengths)), answers)


class _Answered(msgspec.Struct, frozen=True):
    """What the voices say to one reader: (c, v) points, (c,) which are targets; as of `Pool`."""

    points: NDArray[np.float32]
    is_target: NDArray[np.bool_]
    best: float
    length: int


def _at(
    moment: Moment, tried: Trying, model: Model, voices: Sequence[Voice]
) -> Iterator[_Answered]:
    """Yield of each reader what is said, in the order of the moment."""
    ones, at_once = ({voice.name: to for voice in voices} for to in (1.0, 0.0))
    unit = tried.blend.with_weights(ones, at_once)
    shared = common(moment.catalogue, model, unit, moment.at_us, voices)
    blend = Blend(model, shared, unit)
    n, histories, targets = model.n, tried.holdout.histories, moment.targets
    set_to = np.array([voice.weight(tried.blend) for voice in voices], np.float32)
    for start in range(0, len(moment.users), _BATCH):
        batch = moment.users[start : start + _BATCH].tolist()
        readers = [reader_of(histories, user, moment.latest_us) for user in batch]
        for user, reader, said in zip(batch, readers, blend.said_to(readers), strict=True):
            may = moment.listed[:n].copy()
            may[reader.rows] = False
            points = [
                np.zeros(n, np.float32) if (points := one.points()) is None else points[:n]
                for one in said.said
            ]
            heads = [_head(p, may) for p in (*points, set_to @ np.stack(points))]
            wanted = targets.indices[targets.indptr[user] : targets.indptr[user + 1]]
            chosen = np.unique(np.concatenate([*heads, wanted]))
            own = np.stack([p[chosen] for p in points], axis=1)
            best = _DISCOUNTS[: min(len(wanted), K)].sum()
            yield _Answered(own, np.isin(chosen, wanted), float(best), len(said.known))


def _head(points: NDArray[np.float32], may: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first rows by one voice alone."""
    return top_k(np.where(may, points, -np.inf).astype(np.float32), _DEPTH)
