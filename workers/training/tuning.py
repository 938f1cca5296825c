"""Tuning: which training parameters rank a held-out slice best, found within a number of trials.

From the parameters in force one at a time is moved along its grid, and the best so far is kept: what
matters (how much an interaction weighs, how strongly factors are held back, when to stop, how much
heavy readers and popular items count, how many factors there are) is nearly independent. Every candidate
is trained on the same part of the window and ranks the same readers through the blend that is served.

More factors cost everybody: a model takes as many times the memory, a feed nearly the time. So each
doubling beyond 64 must gain a hundredth, and a large catalogue bounds them.

What is found depends on the data and the seed, not on the machine: seconds bound one sitting, and the
next goes on where it ended, on the same slice. Nothing is taken from a search before its end.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.confidence import ConfidenceParams
from workers.training.learning import Beginning, prepare
from workers.training.moment import Moment
from workers.training.params import LearnParams
from workers.training.past import Past
from workers.training.ranking import served
from workers.training.training import Content, Way, fitted, tried
from workers.training.trying import K, Means

_MAX_READERS = 1_000
_TRIALS = 40

# Factors first: what else is best depends on how many there are.
_GRIDS: dict[str, tuple[float, ...]] = {
    "factors": (32, 64, 128, 256),
    "regularization": (1, 2, 5, 10, 20, 40, 80),
    "iterations": (2, 3, 4, 5, 7, 10),
    "alpha": (2, 5, 10, 20, 40, 80),
    "exponent": (0.0, 0.15, 0.25, 0.35, 0.5),
}
_DOUBLING = 0.01  # of NDCG that twice the factors must gain,
_FREE = 64  # beyond so many
_MOST_NUMBERS = 1 << 26  # of items' factors: a quarter of a GB

Ndcg = NDArray[np.float64]


class Tried(msgspec.Struct, frozen=True):
    """Parameters, and the NDCG@20 they came to."""

    params: LearnParams
    ndcg: float


class Found(msgspec.Struct, frozen=True):
    """What tuning found.

    Attributes:
        began_with: the parameters in force when it began.
        ndcg: NDCG@20 of the parameters found on the held-out slice.
        ndcg_before: of those it began with.
        n_tried: parameters that were tried.
        n_interactions: interactions in the window: when there are many more, it is time to tune again.
        unfinished: all that was tried, where seconds ran out before the search came to its end.
        until_us: of such a search: the events received up to then are what it is about.
    """

    params: LearnParams
    began_with: LearnParams
    ndcg: float
    ndcg_before: float
    n_tried: int
    n_interactions: int
    took_s: float
    unfinished: tuple[Tried, ...] = ()
    until_us: int = 0


class Window(msgspec.Struct, frozen=True):
    """What is tuned on.

    Attributes:
        evidence: (n_users, n_rows) what readers did before the slice.
        targets: (n_users, n_rows) what they went for within it.
        moment: of the slice; None where nothing is known of time.
    """

    evidence: sp.csr_matrix
    targets: sp.csr_matrix
    content: Content
    moment: Moment | None = None


class Sitting(msgspec.Struct, frozen=True):
    """How long one sitting may take.

    Attributes:
        clock: seconds from anywhere.
        tried: what an earlier sitting tried of the same slice: the search goes on behind it.
    """

    budget_s: float
    clock: Callable[[], float]
    tried: tuple[Tried, ...] = ()


def tune(window: Window, begin: LearnParams, means: Means, sitting: Sitting) -> Found:
    """Return the best parameters found when nothing is left to try, or so far.

    Args:
        begin: the parameters in force.
    """
    started = sitting.clock()
    measure = _measuring(window, begin, means)
    known = {one.params: one.ndcg for one in sitting.tried}
    seen = {begin: known[begin] if begin in known else measure(begin)}
    best, is_finished, n_rows = begin, True, window.evidence.shape[1]
    while is_finished and len(seen) < _TRIALS:
        candidate = next((move for move in _moves(best, n_rows) if move not in seen), None)
        if candidate is None:
            break
        if candidate not in known and sitting.clock() - started > sitting.budget_s:
            is_finished = False
            break
        seen[candidate] = known[candidate] if candidate in known else measure(candidate)
        if _worth(candidate, seen) > _worth(best, seen):
            best = candidate
    return Found(
        best,
        begin,
        seen[best],
        seen[begin],
        len(seen),
        int(window.evidence.nnz),
        sitting.clock() - started,
        () if is_finished else tuple(Tried(params, ndcg) for params, ndcg in seen.items()),
    )


def _measuring(window: Window, begin: LearnParams, means: Means) -> Callable[[LearnParams], float]:
    """Return what measures parameters: NDCG@20 of the same readers, through the served blend."""
    evidence, targets, moment = window.evidence, window.targets, window.moment
    users = np.flatnonzero((np.diff(targets.indptr) > 0) & (np.diff(evidence.indptr) > 0))
    users = np.sort(np.random.default_rng(begin.als.seed).permutation(users)[:_MAX_READERS])
    start = Beginning(fixed=prepare(evidence, window.content.texts))
    n_rows = evidence.shape[1]
    candidates = np.ones(n_rows, bool) if moment is None else moment.listed
    about = tried(n_rows)

    def measure(params: LearnParams) -> float:
        snapshot = fitted(Past(evidence), window.content, Way(params, means.engine), about, start)
        ranked = served(snapshot, means.blend, moment=moment)
        return float(ranked.ndcg(evidence, targets, users, K, candidates).mean())

    return measure


def _worth(params: LearnParams, ndcg: Mapping[LearnParams, float]) -> float:
    """Return the NDCG of parameters, less what their factors cost."""
    doublings = np.log2(max(1.0, params.als.factors / _FREE))
    return float(ndcg[params] * (1 - _DOUBLING * doublings))


def _moves(params: LearnParams, n_rows: int) -> Iterator[LearnParams]:
    """Yield the parameters one step away, one grid after the other."""
    now = {
        "regularization": params.als.regularization,
        "iterations": params.als.iterations,
        "alpha": params.confidence.alpha,
        "exponent": params.confidence.item_exponent,
        "factors": params.als.factors,
    }
    for name, grid in _GRIDS.items():
        below = [value for value in grid if value < now[name]]
        above = [value for value in grid if value > now[name]]
        for value in [*above[:1], *below[-1:]]:
            if name != "factors" or value * n_rows <= _MOST_NUMBERS:
                yield _with(params, name, value)


def _with(params: LearnParams, name: str, value: float) -> LearnParams:
    replace = msgspec.structs.replace
    confidence: ConfidenceParams = params.confidence
    if name == "alpha":
        return replace(params, confidence=replace(confidence, alpha=value))
    if name == "exponent":
        both = replace(confidence, user_exponent=value, item_exponent=value)
        return replace(params, confidence=both)
    changed = value if name == "regularization" else int(value)
    return replace(params, als=replace(params.als, **{name: changed}))
