"""Blending: which weights of the voices the clicks on lists speak for, as a proposal that nobody serves.

Some lists come with what each voice said of their places, so that it is known in which order other
weights would have put the same items. A click tells more the less its place is looked at: it is worth

    θ(where the item would stand) / θ(where it stood)

clicks of another order, θ being how much a place is looked at (`examination`; Li and others: "Offline
evaluation of ranking policies with click models", KDD 2018, by item and position). Weights are searched
as training searches them, on half of the readers, and judged on the other half, who did not teach them,
and the other way round. Unless those gain surely, at any time of looking, over the weights in force,
nothing is proposed; nor where too little stands behind it.

What a list did not show it cannot tell of: other weights would bring other items, too. So a proposal is
offered to the gate, which asks readers what they went for among all items, and it is the owner who
offers it.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.examination import examination
from recsvc.core.experiments.off_policy import effective_size
from recsvc.core.experiments.proposal import Proposal, VoiceChange
from recsvc.core.experiments.sequential import Rate, above_nothing, rate
from recsvc.errors import InvalidError
from workers.training.weighing import COST, Loudness, climbed, doublings

Values = NDArray[np.float64]
Weights = NDArray[np.float64]

# Readers, and clicks that stand for the proposed order.
_FEWEST = (60, 200)
# A click counts for so many of another order at most.
_MOST_WORTH = 10.0
# Readers of any number of interactions hear them alike here.
_ANY = 1.0


class Lists(msgspec.Struct, frozen=True):
    """Lists with what was said of their places, and what came of them.

    Attributes:
        voices: by name.
        points: (l, p, v + 1) for a weight of 1, and the rest of the score; padded.
        is_there: (l, p) False where padded.
        is_free: (l, p) False where chance chose what stands there, too.
        clicked: (l, p).
        readers: (l,) whose each is, as numbers from 0.
    """

    voices: tuple[str, ...]
    points: NDArray[np.float32]
    is_there: NDArray[np.bool_]
    is_free: NDArray[np.bool_]
    clicked: NDArray[np.bool_]
    readers: NDArray[np.int64]

    def of(self, which: NDArray[np.bool_]) -> "Lists":
        """Return some of the lists."""
        return Lists(
            self.voices,
            self.points[which],
            self.is_there[which],
            self.is_free[which],
            self.clicked[which],
            self.readers[which],
        )

    def spread(self, weights: Weights) -> float:
        """Return the standard deviation of what weights make of places: only proportions are learned."""
        return float((self.points[..., :-1] @ weights.astype(np.float32))[self.is_there].std())

    def places(self, weights: Weights) -> NDArray[np.int64]:
        """Return (l, p) where each item would stand; what chance chose stays."""
        told = np.append(weights, 1.0).astype(np.float32)
        scores = np.where(self.is_free, self.points @ told, -np.inf)
        ranks = (-scores).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        # The places that are free come first, in order, among those of a list.
        free = (~self.is_free).argsort(axis=1, kind="stable")
        here = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
        return np.where(self.is_free, np.take_along_axis(free, ranks, axis=1), here)


class Judged(msgspec.Struct, frozen=True):
    """Lists of which it is known how much their places are looked at."""

    lists: Lists
    looked: Values

    def worth(self, weights: Weights) -> Values:
        """Return (l, p) how many clicks of another order each place's would be; 0 without a click."""
        lists = self.lists
        worth = self.looked[lists.places(weights)] / self.looked
        return np.where(lists.clicked, np.minimum(worth, _MOST_WORTH), 0.0)


def propose(lists: Lists, in_force: Mapping[str, float]) -> Proposal:
    """Return weights that clicks surely speak for.

    Args:
        in_force: by name of the voice.

    Raises:
        InvalidError: when they speak for none, or too little stands behind it.
    """
    set_to = np.array([in_force.get(name, 0.0) for name in lists.voices])
    readers = np.unique(lists.readers)
    if len(readers) < _FEWEST[0] or lists.clicked.sum() < _FEWEST[1]:
        raise InvalidError(
            f"too little to learn from: {len(readers):,} readers and {lists.clicked.sum():,} clicks; "
            "{} and {} are asked for".format(*_FEWEST)
        )
    judged = Judged(lists, _looked(lists))
    is_even = lists.readers % 2 == 0
    before, after = judged.worth(set_to), np.zeros(lists.clicked.shape)
    for taught in (is_even, ~is_even):
        found = _found(judged, taught, set_to)
        half = Judged(lists.of(~taught), judged.looked)
        after[~taught] = half.worth(found)
    effective = effective_size(after[lists.clicked])
    if effective < _FEWEST[1]:
        raise InvalidError(
            f"too little stands behind another order: clicks that come to {effective:,.0f}; "
            f"{_FEWEST[1]} are asked for"
        )
    gain = above_nothing(_per_list(after - before, lists.readers))
    if gain.low is None or gain.high is None or gain.low <= 0:
        raise InvalidError(
            f"no other weights are surely better: what half of the readers taught changes clicks per "
            f"list of the others by {gain.value:+.4f}"
            + ("" if gain.low is None else f" ({gain.low:+.4f} to {gain.high:+.4f})")
        )
    everybody = np.ones(len(lists.readers), bool)
    best = _found(judged, everybody, set_to)
    return Proposal(
        _changes(judged, set_to, best),
        float(before.sum() / len(before)),
        gain.value,
        (gain.low, gain.high),
        len(before),
        len(readers),
        effective,
        judged.looked.round(4).tolist(),
    )


def _looked(lists: Lists) -> Values:
    """Return how much each place is looked at."""
    which, positions = np.nonzero(lists.is_there)
    said = lists.points[which, positions].astype(np.float64)
    # What is wanted may grow otherwise than what is said: so what is said squared is told, too.
    total = said.sum(axis=1, keepdims=True)
    return examination(positions, np.hstack([said, total**2]), lists.clicked[which, positions])


def _found(judged: Judged, taught: NDArray[np.bool_], set_to: Weights) -> Weights:
    """Return the weights that some lists teach."""
    has_click = taught & judged.lists.clicked.any(axis=1)
    own = Judged(judged.lists.of(has_click), judged.looked)
    readers = judged.lists.readers[taught]
    n_lists = len(readers)
    per_reader = np.bincount(own.lists.readers, own.worth(set_to).sum(axis=1), readers.max() + 1)
    n_readers = len(np.unique(readers))
    doubt = per_reader[np.unique(readers)].std() * np.sqrt(n_readers) / n_lists

    asked = Loudness(set_to, np.zeros(len(set_to)))

    def worth(loud: Loudness) -> float:
        clicks = float(own.worth(loud.weights).sum()) / n_lists
        return float(clicks - COST * doubt * doublings(loud, asked, _ANY))

    # From when on voices are heard is left as it is: it is in what they said.
    best = climbed(worth, asked, np.zeros(len(set_to), bool)).weights
    louder = own.lists.spread(set_to) / own.lists.spread(best)
    return best * louder


def _per_list(values: Values, readers: NDArray[np.int64]) -> Rate:
    """Return the sum of what each list's places are worth, per list, readers being what is counted."""
    lists = np.bincount(readers).astype(np.float64)
    sums = np.bincount(readers, values.sum(axis=1)).astype(np.float64)
    return rate(sums[lists > 0], lists[lists > 0])


def _changes(judged: Judged, set_to: Weights, best: Weights) -> list[VoiceChange]:
    """Return, voice by voice, what changes and what it is worth: clicks per list lost without it."""
    whole = judged.worth(best).sum()
    told = []
    for i, name in enumerate(judged.lists.voices):
        without = best.copy()
        without[i] = set_to[i]
        lost = (whole - judged.worth(without).sum()) / len(judged.lists.readers)
        told.append(VoiceChange(name, float(set_to[i]), float(f"{best[i]:.4g}"), float(lost)))
    return told
