"""Fresh: what was listed lately, whoever asks.

Beside the usual one there is a voice for what is only hours old. It is silent until training finds that
a site is read for its news.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import CommonVoice, Scores, Voice, VoiceSource, World


class Fresh(CommonVoice):
    """Says how newly an item is listed."""

    name = "fresh"
    source: VoiceSource = "new"
    reason = "new"
    words = "Recently listed"
    share = 1.0  # of the half-life that is set

    def weight(self, params: BlendParams) -> float:
        """Return points of having been listed just now."""
        return params.fresh

    def points(self, world: World) -> Scores:
        """Return (n,) freshness."""
        days = self.share * world.params.fresh_half_life_days
        return fresh(world.catalogue.listed_us, days, world.hour_us)


class News(Fresh):
    """Says the same of hours and days: with the usual settings it halves in a day."""

    name = "news"
    usual = 0.0
    share = 1 / 14

    def weight(self, params: BlendParams) -> float:
        """Return points of having been listed just now."""
        return Voice.weight(self, params)


def fresh(listed_us: NDArray[np.int64], half_life_days: float, now_us: int) -> Scores:
    """Return (n,) 2^(-age / half-life), 1 for what was listed just now."""
    age_us = np.maximum(now_us - listed_us, 0)
    with np.errstate(over="ignore"):  # endless half-lives ago is worth nothing, too
        return np.exp2(-age_us / (half_life_days * DAY_US)).astype(np.float32)
