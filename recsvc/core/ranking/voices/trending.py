"""Trending: what gathers votes now, whoever asks."""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.items.trending import votes_worth
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import CommonVoice, Scores, VoiceSource, World


class Trending(CommonVoice):
    """Says how many votes an item has, fresh ones above all."""

    name = "trending"
    source: VoiceSource = "trending"
    reason = "trending"
    words = "Trending: {upvotes}"

    def weight(self, params: BlendParams) -> float:
        """Return points of one doubling of fresh votes."""
        return params.trending

    def points(self, world: World) -> Scores:
        """Return (n,) doublings of fresh votes."""
        half_life_us = world.params.votes.half_life_us("week")
        return trending(world.catalogue.scores("week"), half_life_us, world.hour_us)


def trending(log_scores: NDArray[np.float64], half_life_us: float, now_us: int) -> Scores:
    """Return (n,) log2(1 + fresh votes' worth): a ring of 200 votes is worth 8, not 200."""
    return np.log2(1 + votes_worth(log_scores, half_life_us, now_us)).astype(np.float32)
