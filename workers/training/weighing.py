"""Weighing: how loud each voice should speak on this site, by what its readers went for in the slice.

A site of news and a library want different feeds, and no weights serve both. What each voice says to
the readers who are asked does not depend on the weights, so that a trial of weights is one product of
a small array. From the weights that are set, and from each voice speaking loudest, one weight at a time
is moved for as long as the lists get better by more than it costs to have moved: every doubling away
from what is set costs a share of the doubt about the mean, so that little evidence moves little. At the
end the whole move must be worth twice its own doubt.

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

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.ranking.voices.linear import Linear
from recsvc.core.top_k import top_k
from workers.training.moment import Moment
from workers.training.ranking import reader_of
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

_NONE: Mapping[str, float] = MappingProxyType({})

_COST = 0.05  # of a doubling, in standard errors of the mean
_SURE = 2.0  # standard errors that the whole move must be worth


class Weighed(msgspec.Struct, frozen=True):
    """What weighing came to.

    Attributes:
        weights: by name of the voice; none: those that are set stay.
        ndcg: each asked reader's NDCG@20, foreseen, moment by moment.
        before: the same with the weights that are set.
    """

    weights: dict[str, float]
    ndcg: Values
    before: Values


class Pool(msgspec.Struct, frozen=True):
    """What the voices say to readers of the items that any of them would list.

    Attributes:
        points: (r, c, v) of one unit of weight; padded.
        is_item: (r, c) False where padded.
        is_target: (r, c) what their readers went for.
        best: (r,) what the best possible list is worth.
    """

    points: NDArray[np.float32]
    is_item: NDArray[np.bool_]
    is_target: NDArray[np.bool_]
    best: Values

    def of(self, readers: NDArray[np.int64]) -> "Pool":
        """Return the same of some readers."""
        return Pool(
            self.points[readers], self.is_item[readers], self.is_target[readers], self.best[readers]
        )

    def scores(self, weights: Weights) -> NDArray[np.float32]:
        """Return (r, c) scores; -inf where padded."""
        scores = self.points @ weights.astype(np.float32)
        scores[~self.is_item] = -np.inf
        return scores

    def ndcg(self, weights: Weights) -> Values:
        """Return (r,) NDCG@20: of each target only how many items stand before it is counted."""
        scores = self.scores(weights)
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


def weigh(tried: Trying, trial: Snapshot, held: Mapping[str, float] = _NONE) -> Weighed:
    """Return the weights with which a trial, which has not seen the slice, ranks its readers best.

    Args:
        held: weights in force: they stay unless others are surely better.
    """
    before = tried.ndcg(trial)
    untaught, unled = _untaught(tried, trial, before)
    voices = [voice for voice in VOICES if _may_speak(voice, tried.blend)]
    if len(before) < _FEWEST_READERS or not voices or not tried.holdout.is_by_time:
        return Weighed(untaught, unled, before)
    pool = pooled(tried, trial, voices)
    set_to = np.array([voice.weight(tried.blend) for voice in voices])
    is_even = np.random.default_rng(trial.manifest.seed).permutation(len(before)) % 2 == 0
    halves = [np.flatnonzero(is_even), np.flatnonzero(~is_even)]
    ndcg, foreseen = unled.copy(), unled.copy()
    for taught, asked in (halves, halves[::-1]):
        found = _found(pool.of(taught), set_to)
        if found is not None:
            weighed = with_weights(trial, _named(voices, found))
            ndcg[asked] = tried.only(asked).ndcg(weighed)
            foreseen[asked] = pool.of(asked).ndcg(found)
    in_force = np.array([held.get(voice.name, np.nan) for voice in voices])
    if not np.isnan(in_force).any():
        kept = pool.ndcg(in_force)
        if _is_surely_more(kept, unled) and not _is_surely_more(foreseen, kept):
            return Weighed(_named(voices, in_force), ndcg, before)
    found = None if ndcg.mean() <= unled.mean() else _found(pool, set_to)
    if found is None:
        return Weighed(untaught, unled, before)
    return Weighed(_named(voices, found), ndcg, before)


def _untaught(tried: Trying, trial: Snapshot, before: Values) -> tuple[dict[str, float], Values]:
    """Return the weights that nobody has to teach, and each reader's NDCG@20 with them.

    Args:
        before: the NDCG with the weights that are set.
    """
    weights = young(tried.holdout.histories, tried.blend)
    if not weights:
        return weights, before
    led = tried.ndcg(with_weights(trial, weights))
    return (weights, led) if led.mean() > before.mean() else ({}, before)


def with_weights(snapshot: Snapshot, weights: dict[str, float]) -> Snapshot:
    """Return a snapshot that is served with other weights."""
    manifest = msgspec.structs.replace(snapshot.manifest, weights=weights)
    return msgspec.structs.replace(snapshot, manifest=manifest)


def _named(voices: Sequence[Voice], weights: Weights) -> dict[str, float]:
    return {
        voice.name: float(f"{weight:.4g}") for voice, weight in zip(voices, weights, strict=True)
    }


def _may_speak(voice: Voice, params: BlendParams) -> bool:
    """Return whether a voice speaks as it is set, or is only silent unasked."""
    is_asleep = voice.usual == 0 and voice.name not in params.weights
    return voice.weight(params) > 0 or is_asleep


def _found(pool: Pool, set_to: Weights) -> Weights | None:
    """Return weights that rank better, surely; None where there are none."""
    before = pool.ndcg(set_to)
    doubt = before.std() / np.sqrt(len(before))

    def worth(weights: Weights) -> float:
        return float(pool.ndcg(weights).mean() - _COST * doubt * _doublings(weights, set_to))

    best = _climbed(worth, set_to)
    if not _is_surely_more(pool.ndcg(best), before):
        return None
    return best * _spread(pool, set_to) / _spread(pool, best)


def _is_surely_more(ours: Values, theirs: Values) -> bool:
    """Return whether readers gain, on average, more than twice what chance could give them."""
    gain = ours - theirs
    return bool(gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)))


def _climbed(worth: Callable[[Weights], float], set_to: Weights) -> Weights:
    """Return the best weights within the trials there are, one moved at a time."""
    tried: dict[tuple[float, ...], float] = {}

    def value(weights: Weights) -> float:
        key = tuple(weights.tolist())
        if key not in tried:
            tried[key] = worth(weights)
        return tried[key]

    best = max([set_to, *_louder(set_to)], key=value)
    moved = True
    while moved and len(tried) < _TRIALS:
        moved = False
        for place in range(len(set_to)):
            softest = _SOFTEST if set_to[place] else 0.0
            other = max([best, *_moves(best, place, softest)], key=value)
            if value(other) > value(best):
                best, moved = other, True
    return best


def _louder(weights: Weights) -> Iterator[Weights]:
    """Yield the weights with each voice in turn, and each two, far louder than all others."""
    for one, other in combinations_with_replacement(range(len(weights)), 2):
        yield _changed(_changed(weights, one, _LOUDEST), other, _LOUDEST)


def _moves(weights: Weights, place: int, softest: float) -> Iterator[Weights]:
    """Yield the weights with one of them moved, down to the softest there may be.

    A silent voice is woken to be as loud as the loudest, or less.
    """
    now = weights[place]
    steps = _STEPS if now else _WAKING
    for step in steps:
        to = step * (now or weights.max())
        yield _changed(weights, place, to if to >= _SOFTEST else softest)
    yield _changed(weights, place, softest)


def _changed(weights: Weights, place: int, to: float) -> Weights:
    other = weights.copy()
    other[place] = to
    return other


def _doublings(weights: Weights, set_to: Weights) -> float:
    """Return how many doublings lie between weights; silence is as far as the softest that is heard."""
    near, far = np.maximum(weights, _SOFTEST), np.maximum(set_to, _SOFTEST)
    return float(np.abs(np.log2(near / far)).sum())


def _spread(pool: Pool, weights: Weights) -> float:
    """Return the mean standard deviation of a reader's scores."""
    scores = np.where(pool.is_item, pool.points @ weights.astype(np.float32), np.nan)
    return float(np.nanstd(scores, axis=1).mean())


def pooled(tried: Trying, trial: Snapshot, voices: Sequence[Voice]) -> Pool:
    """Return what some voices say to all who are asked, moment by moment."""
    model = tried.model(trial)
    rows: list[tuple[NDArray[np.float32], NDArray[np.bool_], float]] = []
    for moment in tried.moments:
        rows += _at(moment, tried, model, voices)
    width = max(len(points) for points, _, _ in rows)
    points = np.zeros((len(rows), width, len(voices)), np.float32)
    is_item, is_target = np.zeros((2, len(rows), width), bool)
    for i, (said, wanted, _) in enumerate(rows):
        points[i, : len(said)], is_item[i, : len(said)] = said, True
        is_target[i, : len(said)] = wanted
    return Pool(points, is_item, is_target, np.array([best for _, _, best in rows]))


def _at(
    moment: Moment, tried: Trying, model: Model, voices: Sequence[Voice]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_], float]]:
    """Yield of each reader (c, v) points, (c,) which are targets, and what the best list is worth."""
    unit = tried.blend.with_weights({voice.name: 1.0 for voice in voices})
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
            yield own, np.isin(chosen, wanted), float(best)


def _head(points: NDArray[np.float32], may: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first rows by one voice alone."""
    return top_k(np.where(may, points, -np.inf).astype(np.float32), _DEPTH)
