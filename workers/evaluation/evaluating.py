"""Evaluation: a split by time, trained on what came before, every method on what came after.

Everything in the catalogue is ranked. Intervals are percentile bootstraps over readers, those of
differences paired. Readers without a history before the cut, or without anything new after it, cannot
tell methods apart and are left out.
"""

from collections.abc import Callable

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.model.model import Model
from recsvc.core.ranking import metrics
from recsvc.core.ranking.metrics import Interval
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import ReaderVoice
from recsvc.core.ranking.voices import VOICES
from recsvc.errors import InvalidError
from workers.evaluation.methods import SHIPPED, methods
from workers.evaluation.outcomes import Outcomes, joined, outcomes
from workers.training.candidate import RoundParams, foreseeing
from workers.training.holdout import Holdout, hold_out
from workers.training.moment import Moment, moments_of
from workers.training.params import LearnParams
from workers.training.popularity import readers_of
from workers.training.ranking import model_of
from workers.training.training import Material
from workers.training.trying import drawn

Progress = Callable[[str, int], Callable[[int], object]]

KS = (10, 20)
NAMES = ("recall@10", "recall@20", "ndcg@10", "ndcg@20", "mrr")
_LENGTHS = ((1, 1), (2, 3), (4, 10), (11, 30), (31, 10**9))
_AGES_DAYS = (0.0, 1.0, 7.0, 30.0)
_AGE_NAMES = ("listed later", "up to a day", "up to a week", "up to a month", "older")


class Scored(msgspec.Struct, frozen=True):
    """How one method did.

    Attributes:
        figures: by name, with intervals.
        difference: of the shipped ranking's NDCG@20 to this method's, over the same readers.
        coverage: share of the items that somebody's first 20 show.
        novelty: mean self-information of what the first 20 show, bits.
    """

    method: str
    figures: dict[str, Interval]
    difference: Interval
    coverage: float
    novelty: float


class Slice(msgspec.Struct, frozen=True):
    """A part of the readers or of the targets, and how each method did on it.

    Attributes:
        n: readers or targets in it.
    """

    name: str
    n: int
    by_method: dict[str, float]


class Report(msgspec.Struct, frozen=True):
    """All of it.

    Attributes:
        cut_us: the instant that divides the log.
        by_length: NDCG@20 by the length of the reader's history.
        by_age: recall@20 of targets by the age of the item when their reader was asked.
        trained_with: the parameters of training.
        weights: of each voice in the feed, as learned before the cut.
        weights_set: the same as they are set.
        half_at: how many interactions it takes to hear a voice that answers with half of that.
    """

    n_events: int
    n_items: int
    n_readers: int
    cut_us: int
    methods: list[Scored]
    by_length: list[Slice]
    by_age: list[Slice]
    trained_with: LearnParams
    weights: dict[str, float]
    weights_set: dict[str, float]
    half_at: dict[str, float]

    @property
    def voices(self) -> str:
        """How loud each voice spoke, in words."""
        pairs = zip(self.weights.items(), self.weights_set.values(), strict=True)
        return ", ".join(
            f"{name} {weight:g}"
            + ("" if weight == was else f" (set: {was:g})")
            + (f", half at {self.half_at[name]:g}" if self.half_at.get(name) else "")
            for (name, weight), was in pairs
        )


class EvaluateParams(msgspec.Struct, frozen=True):
    """How an evaluation is carried out.

    Attributes:
        share: of the events, the latest, that are predicted.
        sample: readers at most, drawn at random; 0: all.
        seed: of the draw and the bootstrap.
    """

    share: float
    sample: int
    seed: int


def evaluate(
    material: Material,
    round_params: RoundParams,
    params: EvaluateParams,
    progress: Progress,
) -> Report:
    """Evaluate every method on a log.

    Args:
        progress: called with what begins and its number of steps; what it returns is told of steps.

    Raises:
        InvalidError: when the log cannot be divided, or no reader is on both sides of the cut.
    """
    m, blend = material, round_params.blend
    holdout = hold_out(m.log, round_params.train.profile, params.share)
    if holdout is None or len(holdout.users) == 0:
        raise InvalidError("no reader has interactions both before and after the cut")
    done = progress("training", 1)
    snapshot = foreseeing(m, holdout, round_params)
    done(1)
    most = params.sample or len(holdout.users)
    moments = drawn(moments_of(holdout, m.items, blend.votes, most), most, params.seed)
    found = outcomes_of(model_of(snapshot), holdout.histories, moments, blend, progress)
    users = found[SHIPPED].users
    voiced = blend.with_weights(snapshot.manifest.weights, snapshot.manifest.half_at)
    return Report(
        n_events=len(m.events),
        n_items=len(m.items),
        n_readers=len(users),
        cut_us=holdout.cut_us,
        methods=[_scored(name, found, holdout, len(m.items), params.seed) for name in found],
        by_length=_by_length(found, holdout, users),
        by_age=_by_age(found, moments),
        trained_with=round_params.train.learn,
        weights={voice.name: voice.weight(voiced) for voice in VOICES},
        weights_set={voice.name: voice.weight(blend) for voice in VOICES},
        half_at={v.name: v.half_at(voiced) for v in VOICES if isinstance(v, ReaderVoice)},
    )


def outcomes_of(
    model: Model,
    histories: sp.csr_matrix,
    moments: list[Moment],
    blend: BlendParams,
    progress: Progress = lambda *_: lambda _: None,
) -> dict[str, Outcomes]:
    """Rank for the readers of some moments by every method.

    Args:
        model: trained on the histories, (n_users, n_rows).
    """
    parts: dict[str, list[Outcomes]] = {}
    for place, m in enumerate(moments, 1):
        for name, lists in methods(model, histories, m, blend).items():
            advance = progress(f"{name}, {place} of {len(moments)}", len(m.users))
            listed = lists(m.users, max(KS), advance)
            parts.setdefault(name, []).append(outcomes(listed, m.users, m.targets, KS))
    return {name: joined(each) for name, each in parts.items()}


def _scored(
    name: str, found: dict[str, Outcomes], holdout: Holdout, n_items: int, seed: int
) -> Scored:
    own, shipped = found[name], found[SHIPPED].values("ndcg@20")
    support = readers_of(holdout.histories).astype(np.float64)
    return Scored(
        name,
        {n: metrics.interval(own.values(n), np.random.default_rng(seed)) for n in NAMES},
        metrics.paired_interval(shipped, own.values("ndcg@20"), np.random.default_rng(seed)),
        metrics.coverage(own.lists, 20, n_items),
        metrics.novelty(own.lists, 20, support, holdout.histories.shape[0]),
    )


def _by_length(
    found: dict[str, Outcomes], holdout: Holdout, users: NDArray[np.int64]
) -> list[Slice]:
    length = np.diff(holdout.histories.indptr)[users]
    slices = []
    for low, high in _LENGTHS:
        chosen = (length >= low) & (length <= high)
        name = str(low) if low == high else f"{low}-{high}" if high < 10**9 else f"{low} and more"
        if chosen.any():
            means = {m: float(o.values("ndcg@20")[chosen].mean()) for m, o in found.items()}
            slices.append(Slice(name, int(chosen.sum()), means))
    return slices


def _by_age(found: dict[str, Outcomes], moments: list[Moment]) -> list[Slice]:
    """Return recall@20 of targets by the age of their item when their reader was asked."""
    hits = {name: np.zeros(len(_AGE_NAMES)) for name in found}
    totals = np.zeros(len(_AGE_NAMES))
    place = 0
    for m in moments:
        age_days = (m.at_us - m.catalogue.listed_us) / DAY_US
        bucket = np.searchsorted(_AGES_DAYS, age_days, side="left")
        for user in m.users.tolist():
            wanted = m.targets.indices[m.targets.indptr[user] : m.targets.indptr[user + 1]]
            np.add.at(totals, bucket[wanted], 1)
            for name, outcome in found.items():
                hit = wanted[np.isin(wanted, outcome.lists[place][:20])]
                np.add.at(hits[name], bucket[hit], 1)
            place += 1
    return [
        Slice(age, int(totals[b]), {name: float(hits[name][b] / totals[b]) for name in found})
        for b, age in enumerate(_AGE_NAMES)
        if totals[b]
    ]
