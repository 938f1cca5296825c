"""Trending: what gathers votes now, whoever asks."""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.items.trending import votes_worth


def trending(
    log_scores: NDArray[np.float64], half_life_us: float, now_us: int
) -> NDArray[np.float32]:
    """Return (n,) log2(1 + fresh votes' worth): a ring of 200 votes is worth 8, not 200."""
    return np.log2(1 + votes_worth(log_scores, half_life_us, now_us)).astype(np.float32)
