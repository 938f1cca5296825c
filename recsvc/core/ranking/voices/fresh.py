"""Fresh: what was listed lately, whoever asks."""

import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US


def fresh(listed_us: NDArray[np.int64], half_life_days: float, now_us: int) -> NDArray[np.float32]:
    """Return (n,) 2^(-age / half-life), 1 for what was listed just now."""
    age_us = np.maximum(now_us - listed_us, 0)
    return np.exp2(-age_us / (half_life_days * DAY_US)).astype(np.float32)
