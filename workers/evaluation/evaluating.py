"""Evaluation: a split by time, trained on what came before, every method on what came after.

Everything in the catalogue is ranked. Intervals are percentile bootstraps over readers, those of
differences paired. Readers without a history before the cut, or without anything new after it, cannot
tell methods apart and are left out.
"""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.ranking import metrics
from recsvc.core.ranking.metrics import Interval
from recsvc.core.ranking.params import BlendParams
from recsvc.errors import InvalidError
from workers.evaluation.methods import SHIPPED, listed, methods
from workers.evaluation.outcomes import Outcomes, outcomes
from workers.training.holdout import Holdout, hold_out
from workers.training.params import TrainParams
from workers.training.popularity import readers_of
from workers.training.training import Material, Way, announced, fitted

KS = (10, 20)
NAMES = ("recall@10", "recall@20", "ndcg@10", "ndcg@20", "mrr")
_LENGTHS = ((1, 1), (2, 3), (4, 10), (11, 30), (31, 10**9))
_AGES_DAYS = ((-(10.0**9), 0.0), (0.0, 1.0), (1.0, 7.0), (7.0, 30.0), (30.0, 10.0**9))
_AGE_NAMES = ("after the cut", "up to a day", "up to a week", "up to a month", "older")


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
        by_age: recall@20 of targets by the age of the item at the cut.
    """

    n_events: int
    n_items: int
    n_readers: int
    cut_us: int
    methods: list[Scored]
    by_length: list[Slice]
    by_age: list[Slice]


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
    train: TrainParams,
    blend: BlendParams,
    params: EvaluateParams,
    progress: Callable[[str, int], Callable[[int], object]],
) -> Report:
    """Evaluate every method on a log.

    Args:
        progress: called with what begins and its number of steps; what it returns is told of steps.

    Raises:
        InvalidError: when the log cannot be divided, or no reader is on both sides of the cut.
    """
    m = material
    holdout = hold_out(m.log, train.profile, params.share)
    if holdout is None or len(holdout.users) == 0:
        raise InvalidError("no reader has interactions both before and after the cut")
    done = progress("training", 1)
    snapshot = fitted(holdout.histories, m.content, Way(train.learn), announced(m, len(m.events)))
    done(1)
    users = _drawn(holdout.users, params)
    found = {}
    for name, lists in methods(snapshot, holdout, m.items, blend).items():
        advance = progress(name, len(users))
        found[name] = outcomes(lists(users, max(KS), advance), users, holdout.targets, KS)
    return Report(
        n_events=len(m.events),
        n_items=len(m.items),
        n_readers=len(users),
        cut_us=holdout.cut_us,
        methods=[_scored(name, found, holdout, len(m.items), params.seed) for name in found],
        by_length=_by_length(found, holdout, users),
        by_age=_by_age(found, holdout, listed(m.items, m.n_rows)),
    )


def _drawn(users: NDArray[np.int64], params: EvaluateParams) -> NDArray[np.int64]:
    if not params.sample or len(users) <= params.sample:
        return users
    drawn = np.random.default_rng(params.seed).choice(users, params.sample, replace=False)
    return np.sort(drawn)


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


def _by_age(
    found: dict[str, Outcomes], holdout: Holdout, listed_us: NDArray[np.float64]
) -> list[Slice]:
    age_days = (holdout.cut_us - listed_us) / DAY_US
    bucket = np.searchsorted([high for _, high in _AGES_DAYS[:-1]], age_days, side="left")
    hits = {name: np.zeros(len(_AGES_DAYS)) for name in found}
    totals = np.zeros(len(_AGES_DAYS))
    targets = holdout.targets
    for name, outcome in found.items():
        for user, rows in zip(outcome.users.tolist(), outcome.lists, strict=True):
            wanted = targets.indices[targets.indptr[user] : targets.indptr[user + 1]]
            np.add.at(hits[name], bucket[wanted[np.isin(wanted, rows[:20])]], 1)
            if name == SHIPPED:
                np.add.at(totals, bucket[wanted], 1)
    return [
        Slice(age, int(totals[b]), {name: float(hits[name][b] / totals[b]) for name in found})
        for b, age in enumerate(_AGE_NAMES)
        if totals[b]
    ]
