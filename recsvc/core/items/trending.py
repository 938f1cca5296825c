"""Trending: exponentially decayed votes, whose order time alone does not change.

A vote at time t is worth 2^((t - now) / half-life) now. All items share the factor 2^(-now / half-life),
so it cannot change their order; dropping it leaves the sum of 2^(t / half-life), kept as its logarithm
to base 2 so that it cannot overflow, and counted from a fixed epoch so that it stays precise.
Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009.

So no sweep ages the scores. An item is scored anew when a vote on it comes, goes or falls due, and all
are when the half-life is another one (`recsvc rebuild trending`).

What an item's votes are worth is kept by stretches of one half-life, each a sum of integers, so that a
vote comes and goes at the same cost however many there are, and the score depends on the votes alone
and not on the order in which they were counted, down to the last bit (`store/lua/board.lua`).
"""

import math
from collections.abc import Iterable
from typing import Annotated, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.access.trust import board_weights
from recsvc.core.choices import Window
from recsvc.params import setting

# 2024-01-01T00:00Z. Fixed for ever: stored scores are counted from here.
EPOCH_US = 1_704_067_200_000_000

# Votes ahead of the clock under a half-life of a moment.
_MOST_DOUBLINGS = 100.0

WINDOWS: tuple[Window, ...] = get_args(Window)
WINDOW_US: dict[Window, int] = {"day": DAY_US, "week": 7 * DAY_US, "month": 30 * DAY_US, "all": 0}


class BoardRow(msgspec.Struct, frozen=True):
    """What the boards hold of one item.

    Attributes:
        votes: standing upvotes.
        last_vote_us: instant of the latest of them, or of what else trending counts; 0 without any.
        scores: log2 of the decayed votes, one per window; -inf where there is nothing.
        counts: other counters: `click`, `read`, `save`, `hide`, `impression`, …
    """

    votes: int
    last_vote_us: int
    scores: tuple[float, ...]
    counts: dict[str, int]


class TrendingParams(msgspec.Struct, frozen=True):
    """How fast votes fade - in the window `all` they never do - and what else and whose count."""

    half_life_hours: Annotated[
        float,
        setting(
            "Votes halve in this time in the `week` window; `day` is four times faster, "
            "`month` four times slower.",
            name="trending_half_life_hours",
            gt=0,
        ),
    ] = 36.0

    kinds: Annotated[
        dict[str, Annotated[float, msgspec.Meta(gt=0, le=1000)]],
        setting(
            "Other kinds of events that trending counts, each reader's first of an item, and how many "
            'votes one is worth, e.g. `{"click": 0.1}`; after a change `recsvc rebuild boards` counts '
            "anew.",
            name="trending_kinds",
        ),
    ] = msgspec.field(default_factory=dict)
    trust: Annotated[
        dict[str, float],
        setting(
            "Worth of a vote on boards by who vouches for it, once a key exists, 0 to 1, e.g. "
            '`{"session": 0.1}`; other kinds of events of those whom nobody vouches for count nothing. '
            "After a change `recsvc rebuild boards` counts anew.",
            name="trust_on_boards",
            check=board_weights,
        ),
    ] = msgspec.field(default_factory=dict)
    per_network: Annotated[
        int,
        setting(
            "Votes on an item that count, of those that one /24 or /48 casts and nobody vouches for; "
            "the first.",
            name="unvouched_votes_per_network",
            ge=1,
        ),
    ] = 2

    def half_life_us(self, window: Window) -> float:
        """Return the half-life of one window."""
        return self.half_lives_us()[WINDOWS.index(window)]

    def weight_of(self, trust: str, *, is_keyed: bool) -> float:
        """Return what a vote counts by who vouches for it; all count in full while no key exists."""
        return board_weights(self.trust)[trust] if is_keyed else 1.0

    def half_lives_us(self) -> tuple[float, float, float, float]:
        """Return the half-life of each window; infinite for `all`."""
        week = self.half_life_hours * HOUR_US
        return (week / 4, week, week * 4, math.inf)


def log_score(votes_us: Iterable[int], half_life_us: float) -> float:
    """Return log2 of the decayed sum of votes, as of the epoch; -inf without votes.

    The reference for what the server-side functions keep.
    """
    exponents = sorted((at - EPOCH_US) / half_life_us for at in votes_us)
    if not exponents:
        return -math.inf
    newest = exponents[-1]
    return newest + math.log2(sum(2.0 ** (e - newest) for e in exponents))


def worth(score: float, half_life_us: float, now_us: int) -> float:
    """Return what one stored score is worth now, in fresh votes."""
    return float(votes_worth(np.array([score]), half_life_us, now_us)[0])


def votes_worth(
    scores: NDArray[np.float64], half_life_us: float, now_us: int
) -> NDArray[np.float64]:
    """Return what stored scores are worth now, in fresh votes; at most 2^100, which float32 holds."""
    return np.exp2(np.minimum(scores - (now_us - EPOCH_US) / half_life_us, _MOST_DOUBLINGS))
