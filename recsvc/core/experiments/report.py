"""What came of an experiment: rates by variant, against the first, and whether to believe them."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.breadth import SAMPLE
from recsvc.core.experiments.experiment import Experiment
from recsvc.core.experiments.history import Sample, adjusted
from recsvc.core.experiments.sequential import (
    ALPHA,
    NO_RATE,
    Difference,
    Rate,
    above_nothing,
    difference,
    mismatch_p,
    rate,
)

Values = NDArray[np.float64]

# Dealt out as it was not meant to be: nothing else in the report is to be believed then.
MISMATCH_ALPHA = 0.01

MEASURES = {
    "clicks": "clicks per list",
    "votes": "votes per list",
    "reads": "reads per list",
    "returns": "share of readers who came back on another day",
    "empty": "share of lists that were empty",
    "latency": "milliseconds until a list was there",
    "breadth": f"different items that {SAMPLE} readers are shown",
}

# What of a variant is no worse than the control's, and in which direction worse lies; of the latter two
# a difference that nobody notices is none.
_GUARDED = {"clicks": (-1, 0.0), "empty": (1, 0.0), "latency": (1, 0.2), "breadth": (-1, 0.2)}


class Tally(msgspec.Struct, frozen=True):
    """What the readers of one variant did: each (n,), one of each reader.

    Attributes:
        lists: served to them.
        sums: of each of `MEASURES` but breadth what it counts.
        n_items: different items that they were shown.
        timed: lists of which it is known how long they took; None: all.
        breadth: of their lists.
        before: the same of some measures before the experiment, and `lists`.
    """

    lists: Values
    sums: Mapping[str, Values]
    n_items: int = 0
    timed: Values | None = None
    breadth: Rate = NO_RATE
    before: Mapping[str, Values] = {}


class Figure(msgspec.Struct, frozen=True):
    """A rate of one variant, and how much larger it is than the control's; None of the control.

    Attributes:
        against: without what readers' past explains.
        explained: the share of the variance that this is.
    """

    value: float
    against: Difference | None = None
    lift: float | None = None
    explained: float | None = None


class Arm(msgspec.Struct, frozen=True):
    """One variant: readers, lists, different items shown, and its figures by measure."""

    name: str
    readers: int
    lists: int
    items: int
    figures: dict[str, Figure]


class Report(msgspec.Struct, frozen=True):
    """What came of an experiment by an instant.

    Attributes:
        arms: the control first.
        crossed: readers who were shown more than one variant, and are left out.
        mismatch_p: how likely the numbers of readers are if they were dealt out as meant, at any time.
        share: of all readers, those whose lists are kept.
    """

    at_us: int
    arms: list[Arm]
    crossed: int
    mismatch_p: float
    share: float = 1.0

    @property
    def is_mismatched(self) -> bool:
        """Whether readers were dealt out otherwise than meant."""
        return self.mismatch_p < MISMATCH_ALPHA

    @property
    def measures(self) -> dict[str, str]:
        """What was measured, with what it means."""
        return {name: MEASURES[name] for name in self.arms[0].figures}

    def worse(self) -> dict[str, str]:
        """Return the variants that are surely worse than the control, and in what, in words."""
        found = {}
        for arm in self.arms[1:]:
            told = [why for name in _GUARDED if (why := self._worse_in(name, arm)) is not None]
            if told:
                found[arm.name] = "; ".join(told)
        return found

    def _worse_in(self, name: str, arm: Arm) -> str | None:
        """Return in what a variant is surely worse; None where it is not."""
        figure, control = arm.figures.get(name), self.arms[0].figures.get(name)
        if figure is None or control is None or figure.against is None:
            return None
        low, high = figure.against.low, figure.against.high
        if low is None or high is None:
            return None
        direction, margin = _GUARDED[name]
        least = low if direction > 0 else -high
        if least <= margin * control.value:
            return None
        return f"{MEASURES[name]}: {figure.value:.4g} against {control.value:.4g}"

    def verdict(self, measure: str) -> str:
        """Return what may be said of a measure, in a sentence."""
        if self.is_mismatched:
            return "Nothing: readers were not dealt out as meant."
        told = []
        for arm in self.arms[1:]:
            found = arm.figures[measure].against
            if found is None or found.p is None:
                told.append(f"{arm.name}: too little to say yet")
            elif found.p > ALPHA:
                told.append(f"{arm.name}: no difference found yet")
            else:
                better = "higher" if found.value > 0 else "lower"
                told.append(f"{arm.name}: {better} (p {found.p:.2g} at any time of looking)")
        return "; ".join(told) + "."


def report(
    experiment: Experiment, tallies: Sequence[Tally], crossed: int, share: float, at_us: int
) -> Report:
    """Return what came of an experiment.

    Readers of a variant that was stopped came while it was shown: their number says nothing.

    Args:
        tallies: by variant, in their order.
    """
    arms = []
    control = tallies[0]
    for variant, tally in zip(experiment.variants, tallies, strict=True):
        against = None if tally is control else control
        figures = {name: _figure(name, tally, against) for name in MEASURES}
        n = len(tally.lists)
        arms.append(Arm(variant.name, n, int(tally.lists.sum()), tally.n_items, figures))
    shown = [i for i, arm in enumerate(arms) if arm.name not in experiment.stopped]
    shares = np.array(experiment.shares())[shown]
    p = mismatch_p([arms[i].readers for i in shown], (shares / shares.sum()).tolist())
    return Report(at_us, arms, crossed, p, share)


def as_stopped(found: Report, before: Report, experiment: Experiment) -> Report:
    """Return a report whose variants that were stopped are as when they were.

    The control went on without them; it is held against nobody's lists of another time.
    """
    stood = {arm.name: arm for arm in before.arms if arm.name in experiment.stopped}
    arms = [stood.get(arm.name, arm) for arm in found.arms]
    return msgspec.structs.replace(found, arms=arms)


def interleaved_report(
    experiment: Experiment, tallies: Sequence[Tally], share: float, at_us: int
) -> Report:
    """Return what came of an experiment whose readers are shown one list of both variants.

    Args:
        tallies: by variant, of the same readers in the same order: what was done with its picks.
    """
    ours, theirs = tallies
    arms = [
        _credited(experiment.variants[0].name, ours),
        _credited(experiment.variants[1].name, theirs),
    ]
    for name, figure in arms[1].figures.items():
        more = rate(theirs.sums[name] - ours.sums[name], theirs.lists)
        lift = _lift(figure.value, arms[0].figures[name].value)
        arms[1].figures[name] = Figure(figure.value, above_nothing(more), lift)
    return Report(at_us, arms, 0, 1.0, share)


def _credited(name: str, tally: Tally) -> Arm:
    figures = {
        measure: Figure(rate(sums, tally.lists).value) for measure, sums in tally.sums.items()
    }
    return Arm(name, len(tally.lists), int(tally.lists.sum()), tally.n_items, figures)


def _rate(name: str, tally: Tally) -> Rate:
    if name == "breadth":
        return tally.breadth
    each = np.ones(len(tally.lists)) if name == "returns" else tally.lists
    if name == "latency" and tally.timed is not None:
        each = tally.timed
    return rate(tally.sums[name], each)


def _figure(name: str, tally: Tally, control: Tally | None) -> Figure:
    found = _rate(name, tally)
    if control is None:
        return Figure(found.value)
    theirs = _rate(name, control)
    lift = _lift(found.value, theirs.value)
    if name not in tally.before or name not in control.before:
        return Figure(found.value, difference(found, theirs), lift)
    ours, others = adjusted(_sample(name, tally), _sample(name, control))
    varied = found.variance + theirs.variance
    explained = 1 - (ours.variance + others.variance) / varied if varied else None
    return Figure(found.value, difference(ours, others), lift, explained)


def _sample(name: str, tally: Tally) -> Sample:
    return Sample(tally.sums[name], tally.lists, tally.before[name], tally.before["lists"])


def _lift(value: float, control: float) -> float | None:
    return value / control - 1 if control else None
