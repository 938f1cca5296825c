"""Whether readers go for what is shown less than before: what decides that a model is rolled back.

Readers of before and now are compared like two variants, by an interval that holds at any time of
looking. Many of them are the same people, whose differences do not cancel here: the interval is wider
than it need be. Nobody dealt the hours out, however, so that a difference alone says little: the rate
must surely have fallen by a share of itself.
"""

import msgspec

from recsvc.core.experiments.sequential import Rate, difference

# Each model is looked at as long as it is served, and there are many of them.
ALPHA = 0.01


class Fall(msgspec.Struct, frozen=True):
    """How a rate fell.

    Attributes:
        high: what the difference is at most.
        p: always valid.
    """

    before: float
    now: float
    high: float
    p: float

    def __str__(self) -> str:
        """What fell, in words."""
        least = -self.high / self.before
        return (
            f"acts per place fell from {self.before:.2%} to {self.now:.2%}, surely by {least:.0%}"
        )


def fallen(now: Rate, before: Rate, least_share: float) -> Fall | None:
    """Return how a rate fell; None unless it surely did, by a share of itself at least."""
    found = difference(now, before, ALPHA)
    if found.high is None or found.p is None or found.high >= -least_share * before.value:
        return None
    return Fall(before.value, now.value, found.high, found.p)


def kind_of(hour: int) -> int:
    """Return what kind an hour since 1970 is of: which of the day, and whether of a weekend (UTC)."""
    day, of_day = divmod(hour, 24)
    is_weekend = (day + 4) % 7 in (0, 6)  # 1970 began on a Thursday
    return of_day + 24 * is_weekend


def worst(falls: dict[str, Fall]) -> str | None:
    """Return before what the rate fell most surely; None where it fell nowhere."""
    return min(falls, key=lambda name: (falls[name].p, falls[name].high), default=None)
