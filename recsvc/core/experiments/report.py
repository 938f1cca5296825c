"""What came of an experiment: rates by variant, against the first, and whether to believe them."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.experiment import Experiment
from recsvc.core.experiments.history import Sample, adjusted
from recsvc.core.experiments.sequential import (
    ALPHA,
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
}


class Tally(msgspec.Struct, frozen=True):
    """What the readers of one variant did: each (n,), one of each reader.

    Attributes:
        lists: served to them.
        sums: of each of `MEASURES` what it counts.
        n_items: different items that they were shown.
        before: the same of some measures before the experiment, and `lists`.
    """

    lists: Values
    sums: Mapping[str, Values]
    n_items: int = 0
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

    def worse(self) -> str | None:
        """Return a variant that is surely worse than the control; None if there is none."""
        for arm in self.arms[1:]:
            clicks, empty = (
                arm.figures[name].against if name in arm.figures else None
                for name in ("clicks", "empty")
            )
            if clicks is not None and clicks.high is not None and clicks.high < 0:
                return arm.name
            if empty is not None and empty.low is not None and empty.low > 0:
                return arm.name
        return None

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
    p = mismatch_p([arm.readers for arm in arms], experiment.shares())
    return Report(at_us, arms, crossed, p, share)


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
    each = np.ones(len(tally.lists)) if name == "returns" else tally.lists
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
