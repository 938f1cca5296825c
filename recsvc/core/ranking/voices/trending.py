"""Trending: what gathers votes now, whoever asks; within days, hours or weeks.

How long votes count differs from site to site: only the `week` speaks unasked, and training wakes the
other windows where the log says that they foresee better.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.choices import Window
from recsvc.core.items.trending import EPOCH_US, votes_worth
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import CommonVoice, Scores, VoiceSource, World


class Trending(CommonVoice):
    """Says how many votes an item has, fresh ones above all."""

    source: VoiceSource = "trending"
    reason = "trending"
    words = "Trending: {upvotes}"

    def __init__(self, window: Window) -> None:
        self.name = "trending" if window == "week" else f"trending_{window}"
        self.usual = 1.0 if window == "week" else 0.0
        self._window = window

    def weight(self, params: BlendParams) -> float:
        """Return points of one doubling of fresh votes."""
        return params.trending if self._window == "week" else super().weight(params)

    def points(self, world: World) -> Scores:
        """Return (n,) doublings of fresh votes."""
        half_life_us = world.params.votes.half_life_us(self._window)
        return trending(world.catalogue.scores(self._window), half_life_us, world.hour_us)


# Less than that added to 1 is 1.
_INAUDIBLE = -53.0


def trending(log_scores: NDArray[np.float64], half_life_us: float, now_us: int) -> Scores:
    """Return (n,) log2(1 + fresh votes' worth): a ring of 200 votes is worth 8, not 200."""
    floor = (now_us - EPOCH_US) / half_life_us + _INAUDIBLE
    heard = np.flatnonzero(log_scores > floor)  # hardly any, where most items are old
    points = np.zeros(len(log_scores), np.float32)
    points[heard] = np.log2(1 + votes_worth(log_scores[heard], half_life_us, now_us))
    return points
