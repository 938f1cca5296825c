"""How the loop fares: what an hour of lists was like, in figures that name no reader.

A loop that learns from its own lists may come to show ever fewer items, ever more popular ones, and to
each reader what they were shown before. Each figure here tells one way of that:

    coverage    share of listed items that anybody was shown within a day
    gini        how unequally places of that day fall to listed items: 0 all alike, 1 all to one
                (Fleder, Hosanagar: "Blockbuster culture's next rise or fall", Management Science 2009)
    novelty     mean −log2 of an item's share of last week's acts, over places (Zhou and others: "Solving
                the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010)
    drift       the same mean over last week's acts, minus novelty: above 0, lists lean more towards what
                is popular than readers do (after Abdollahpouri and others' popularity lift, 2019)
    echo        how much of the topics a reader is shown they were shown a week ago: Σ min(p, q) of the
                shares of topics; `repeated` says so of items
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.params import setting

# Items are cold for so long after they arrived.
COLD_DAYS = 2
# Names that an hour keeps of topics, and of organisations.
MOST_NAMES = 12
# Targets that an owner may set for topics, and for organisations.
MOST_TARGETS = 20

Targets = dict[str, float]


class Came(msgspec.Struct, frozen=True):
    """How many places there were, and on how many of them somebody clicked."""

    places: int = 0
    clicked: int = 0

    @property
    def rate(self) -> float | None:
        """Clicks per place; None without any."""
        return self.clicked / self.places if self.places else None


class Named(msgspec.Struct, frozen=True):
    """A topic or organisation: its share of places, and of listed items.

    Attributes:
        target: the share of places that the owner wants it to have; None: nobody says.
    """

    name: str
    shown: float
    listed: float
    target: float | None = None


def check_targets(targets: Mapping[str, float]) -> None:
    """Refuse what cannot be the shares of places that owners want.

    Raises:
        ValueError: saying why.
    """
    if len(targets) > MOST_TARGETS:
        raise ValueError(f"{len(targets)} targets; {MOST_TARGETS} are looked at")
    for name, share in targets.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name!r}: {share} is no share, 0 to 1")


class TargetParams(msgspec.Struct, frozen=True):
    """What share of places owners want for topics and organisations: it is told, and changes no list."""

    topics: Annotated[
        Targets,
        setting(
            'Share of places that topics should have, e.g. `{"Robotics": 0.1}`: what they have is told '
            "beside it.",
            name="topic_targets",
            check=check_targets,
        ),
    ] = msgspec.field(default_factory=dict)
    organisations: Annotated[
        Targets,
        setting(
            'The same of organisations, by their names in addresses, e.g. `{"deepmind": 0.05}`.',
            name="organisation_targets",
            check=check_targets,
        ),
    ] = msgspec.field(default_factory=dict)


NO_TARGETS = TargetParams()


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """What the lists of an hour were like; figures are None where there is nothing to tell them from.

    Attributes:
        at_us: when it began.
        counted_us: up to when lists and clicks are counted.
        share: of all readers, those whose lists are kept: the hour is of them.
        lists, readers: served.
        fallback: share of lists that were nobody's own: trending, new, seen before.
        coverage, gini: of the day that ends with the hour.
        novelty, drift: bits.
        echo, repeated: mean over readers who had lists a week ago, too; None before the hour is over.
        cold: of items that arrived lately.
        voices: by the source that said most for a place.
        n_first: items of the last week that stood in somebody's own list for the first time.
        first_s: the median time from their arrival until then.
        n_waiting: listed items that arrived within a week, and never did yet.
        topics, organisations: those shown most, first; then others that have a target.
    """

    at_us: int
    counted_us: int
    share: float = 1.0
    lists: int = 0
    readers: int = 0
    fallback: float | None = None
    coverage: float | None = None
    gini: float | None = None
    novelty: float | None = None
    drift: float | None = None
    echo: float | None = None
    repeated: float | None = None
    cold: Came = Came()
    voices: dict[str, Came] = msgspec.field(default_factory=dict)
    n_first: int = 0
    first_s: float | None = None
    n_waiting: int = 0
    topics: list[Named] = msgspec.field(default_factory=list)
    organisations: list[Named] = msgspec.field(default_factory=list)

    @property
    def all(self) -> Came:
        """All voices together."""
        voices = self.voices.values()
        return Came(sum(one.places for one in voices), sum(one.clicked for one in voices))


def off_target(named: Iterable[Named]) -> float | None:
    """Return how far off their targets shares of places are, on the whole; None where none has one."""
    off = [abs(one.shown - one.target) for one in named if one.target is not None]
    return sum(off) if off else None


def gini(counts: NDArray[np.int64], n: int) -> float | None:
    """Return how unequally something is dealt out; None where there is nothing.

    Args:
        counts: (k,) of those that have any.
        n: of those that could have; at least k.
    """
    total = int(counts.sum())
    if total == 0:
        return None
    ranks = np.arange(n - len(counts) + 1, n + 1)
    return float(2 * (ranks * np.sort(counts)).sum() / (n * total) - (n + 1) / n)
