"""Candidates: one round of training, from the log to a judged snapshot.

Parameters are tuned if there is twice as much to learn from as when they were found; a trial is fitted
without a slice of the log, by which it is judged; and the candidate goes on from the trial with one
iteration over everything. Every round begins from chance, so that no model knows of readers who were
erased, and every candidate has a trial.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import polars as pl

from recsvc.core.model.snapshot import Compared, Manifest, Snapshot, Verdict
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.training import als
from workers.training.engine import Engine
from workers.training.gate import Gate, Trial, compared, most_readers
from workers.training.holdout import Holdout, at_random, hold_out
from workers.training.interactions import interactions
from workers.training.learning import NOTHING, Beginning
from workers.training.moment import moment_of
from workers.training.params import GateParams, TrainingParams, TrainParams
from workers.training.taught import NOTHING as NOTHING_TAUGHT
from workers.training.taught import Taught
from workers.training.training import Material, Way, announced, fitted
from workers.training.trying import Means, Trying, hears_linear
from workers.training.tuning import Found, Sitting, Tried, Window, tune
from workers.training.weighing import may_wake_linear, weigh
from workers.training.young import young

_TUNING_GROWTH = 2.0
_TUNING_READERS = 200
_TUNING_SHARE = 0.1


class Fits(Protocol):
    """Fits models of one log, wherever that is.

    Attributes:
        n_events: in the whole log, each once.
    """

    n_events: int

    def without(self, holdout: Holdout, way: Way, about: Manifest) -> Snapshot:
        """Fit a model to the log without a slice."""

    def everything(self, way: Way, about: Manifest, begin: Beginning) -> Snapshot:
        """Fit a model to the whole log."""


class Here:
    """Fits models in this process, to a log that it holds."""

    def __init__(self, material: Material, profile: ProfileParams) -> None:
        found = interactions(material.log, profile, material.now_us)
        self._content, self._past, self.n_events = material.content, found.past, found.n_events

    def without(self, holdout: Holdout, way: Way, about: Manifest) -> Snapshot:
        """Fit a model to what is known without the slice."""
        return fitted(holdout.past, self._content, way, about)

    def everything(self, way: Way, about: Manifest, begin: Beginning) -> Snapshot:
        """Fit a model to all."""
        return fitted(self._past, self._content, way, about, begin)


class RoundParams(msgspec.Struct, frozen=True):
    """How a round is carried out.

    Attributes:
        search_s: budget of tuning; 0: the parameters of the settings are used.
        engine: what fits the factors.
        learns_weights: whether the voices' weights are fitted to the log, too.
        fits: what fits models of the log.
        offered: weights that the owner offers, to be taken unless readers would surely be worse off.
    """

    train: TrainParams
    blend: BlendParams
    gate: GateParams = GateParams()
    search_s: float = 0.0
    engine: Engine = als
    learns_weights: bool = True
    fits: Callable[[Material, ProfileParams], Fits] = Here
    offered: Mapping[str, float] = {}


def round_params(
    training: TrainingParams, profile: ProfileParams, blend: BlendParams, engine: Engine = als
) -> RoundParams:
    """Return how rounds are carried out with what was set."""
    train = TrainParams(profile, training.learn)
    learns = training.learns_weights
    return RoundParams(train, blend, training.gate, training.search_s, engine, learns)


class Round(msgspec.Struct, frozen=True):
    """What a round made.

    Attributes:
        candidate: its verdict in its manifest.
        found: the parameters in force, for the next round; None when they were never tuned.
        tuned_s: how much of the round went into tuning.
        offered: the weights that were offered against those in their place; None where nobody was asked.
    """

    candidate: Snapshot
    found: Found | None
    tuned_s: float
    offered: Compared | None = None


def carry_out(
    material: Material,
    current: Snapshot | None,
    found: Found | None,
    params: RoundParams,
    clock: Callable[[], float],
) -> Round:
    """Train a candidate and judge it.

    Args:
        current: what is served; None when there is nothing, or nothing that can be read.
        found: what an earlier round found.
        clock: seconds from anywhere.
    """
    m, profile = material, params.train.profile
    began_s = clock()
    gate = params.gate
    holdout = hold_out(m.log, profile, gate.share, gate.min_readers, _enough(m))
    found = _tuned(material, holdout, found, params, clock)
    tuned_s = clock() - began_s
    learn = params.train.learn if found is None else found.params
    fits = params.fits(m, profile)
    about = announced(material, fits.n_events)
    way, begin = Way(learn, params.engine), NOTHING
    means = Means(params.blend, params.engine, learn.als.threads, fits.without)
    judge = Gate(m, means, gate.min_readers)
    tried = judge.asking(holdout, learn.als.seed)
    trial: Trial | None = None
    offered: Compared | None = None
    if tried is not None:
        snapshot = fits.without(tried.holdout, _trial_way(way, tried, params), about)
        begin = Beginning(snapshot.item_factors)
        held = NOTHING_TAUGHT if current is None else Taught.of(current.manifest)
        trial, about = _weighed(tried, snapshot, about, held if params.learns_weights else None)
        if params.offered:
            trial, about, offered = _offered(tried, trial, about, params.offered)
    elif params.learns_weights:
        known = interactions(m.log, profile, m.now_us).past
        about = young(known.evidence, params.blend).told(about)
    candidate = fits.everything(_heard(way, about, params), about, begin)
    if tried is None or trial is None:
        verdict = judge.unasked(candidate, holdout)
    else:
        verdict = judge.compare(candidate, trial, current, tried)
    return Round(with_verdict(candidate, verdict), found, tuned_s, offered)


def _enough(material: Material) -> int:
    """Return how many active readers make a narrow slice enough: some of them want nothing new."""
    return 2 * most_readers(material.n_rows)


def _weighed(
    tried: Trying, snapshot: Snapshot, about: Manifest, held: Taught | None
) -> tuple[Trial, Manifest]:
    """Return a trial with what it foresees, and what its candidate says of the voices.

    Args:
        held: what is in force; None where nothing is learned.
    """
    if held is None:
        return Trial(snapshot, tried.ndcg(snapshot)), about
    done = weigh(tried, snapshot, held)
    return Trial(snapshot, done.ndcg), done.taught.told(about)


def _offered(
    tried: Trying, trial: Trial, about: Manifest, offered: Mapping[str, float]
) -> tuple[Trial, Manifest, Compared]:
    """Return a trial with the weights that are offered, unless readers are surely worse off with them.

    Voices that the offer does not name speak as they would without it.
    """
    taught = Taught({**about.weights, **offered}, about.half_at)
    ndcg = tried.ndcg(taught.to(trial.snapshot))
    found = compared(ndcg, trial.ndcg, about.seed)
    if not is_taken(found):
        return trial, about, found
    return Trial(trial.snapshot, ndcg), taught.told(about), found


def is_taken(found: Compared) -> bool:
    """Return whether weights that are offered are in force, by how readers fared with them."""
    return found.high >= 0


def foreseeing(material: Material, holdout: Holdout, params: RoundParams) -> Snapshot:
    """Return the model that a round would have made before a slice, judged by nobody."""
    known = msgspec.structs.replace(material, events=holdout.before.events, now_us=holdout.cut_us)
    gate, learn = params.gate, params.train.learn
    way, about = Way(learn, params.engine), announced(known, len(known.events))
    enough = _enough(known)
    inner = hold_out(known.log, params.train.profile, gate.share, gate.min_readers, enough)
    judge = Gate(known, Means(params.blend, params.engine, learn.als.threads), gate.min_readers)
    tried = judge.asking(inner, learn.als.seed)
    if params.learns_weights:
        taught = young(holdout.histories, params.blend)
        if tried is not None:
            trial_way = _trial_way(way, tried, params)
            trial = fitted(tried.holdout.past, known.content, trial_way, about)
            taught = weigh(tried, trial).taught
        about = taught.told(about)
    return fitted(holdout.past, known.content, _heard(way, about, params), about)


def _trial_way(way: Way, tried: Trying, params: RoundParams) -> Way:
    """Return how a trial is trained: with all that its readers may teach to hear."""
    is_linear = hears_linear(params.blend, {}) or (params.learns_weights and may_wake_linear(tried))
    return msgspec.structs.replace(way, is_linear=is_linear)


def _heard(way: Way, about: Manifest, params: RoundParams) -> Way:
    """Return how what is served is trained: without what no reader hears."""
    is_linear = hears_linear(params.blend, about.weights)
    return msgspec.structs.replace(way, is_linear=is_linear)


def _tuned(
    material: Material,
    holdout: Holdout | None,
    found: Found | None,
    params: RoundParams,
    clock: Callable[[], float],
) -> Found | None:
    """Return the parameters in force: those found before, or better ones if it is time to look.

    Tuning holds out part of what came before the slice, so that the slice stays unseen.
    """
    begin = params.train.learn
    if found is not None and found.began_with != begin:
        found = None  # the settings were changed since
    if not params.search_s:
        return None
    m, until_us = material, material.now_us
    tried: tuple[Tried, ...] = ()
    if found is not None and found.unfinished:
        until_us, tried = found.until_us, found.unfinished
        events, profile = m.events.filter(pl.col("received_us") <= until_us), params.train.profile
        gate = params.gate
        until = msgspec.structs.replace(m.log, events=events)
        holdout = hold_out(until, profile, gate.share, gate.min_readers, _enough(m))
    if holdout is None or len(holdout.users) < _TUNING_READERS:
        return found
    n_now = holdout.histories.nnz
    if found is not None and not tried and n_now < _TUNING_GROWTH * found.n_interactions:
        return found
    evidence, targets = at_random(holdout.histories, _TUNING_SHARE, begin.als.seed)
    moment = moment_of(holdout, material.items, params.blend.votes)
    window = Window(evidence, targets, material.content, moment)
    sitting = Sitting(params.search_s, clock, tried)
    done = tune(window, begin, Means(params.blend, params.engine), sitting)
    if not done.unfinished:
        return done
    in_force = begin if found is None else found.params
    return msgspec.structs.replace(done, params=in_force, until_us=until_us)


def with_verdict(candidate: Snapshot, verdict: Verdict) -> Snapshot:
    """Return a snapshot whose manifest says what the gate said."""
    ndcg = {f"ndcg@20 {name}": c.ours for name, c in verdict.against.items()}
    manifest = msgspec.structs.replace(candidate.manifest, verdict=verdict, metrics=ndcg)
    return msgspec.structs.replace(candidate, manifest=manifest)
