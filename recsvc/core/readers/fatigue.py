"""Fatigue: what a reader was shown and passed over steps back, and comes back as it is forgotten.

    points = − weight · 2^(−age / half-life),     age since it was shown last, in whole hours

Who only reads would else be shown the same first page for ever, for nothing that they do says anything.
It is soft: nothing is left out, so that what beats all else by more than the weight stays first. Only
the latest impressions count, which bounds what a request has to read.
"""

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import DAY_US, HOUR_US
from recsvc.params import setting


class FatigueParams(msgspec.Struct, frozen=True):
    """How far what was passed over steps back.

    Attributes:
        remembered: impressions of a reader that count, the latest.
    """

    weight: Annotated[
        float,
        setting(
            "Score points that an item loses in the personal feed of whom it was shown to and who did "
            "nothing with it; 0: none.",
            name="fatigue_weight",
            ge=0,
        ),
    ] = 3.0
    half_life_days: Annotated[
        float,
        setting(
            "What was shown comes halfway back in this time.", name="fatigue_half_life_days", gt=0
        ),
    ] = 14.0
    remembered: int = 300


class Fatigue(msgspec.Struct, frozen=True):
    """What a reader is tired of.

    Attributes:
        rows: (k,) ascending.
        points: (k,) what each loses, positive.
    """

    rows: NDArray[np.int64]
    points: NDArray[np.float32]

    def of(self, n: int) -> NDArray[np.float32]:
        """Return (n,) points by row; rows beyond are left out."""
        points = np.zeros(n, np.float32)
        inside = self.rows < n
        points[self.rows[inside]] = self.points[inside]
        return points

    def at(self, row: int) -> float:
        """Return the points of a row."""
        place = int(np.searchsorted(self.rows, row))
        is_there = place < len(self.rows) and self.rows[place] == row
        return float(self.points[place]) if is_there else 0.0


def fatigue(shown_us: dict[int, int], params: FatigueParams, now_us: int) -> Fatigue | None:
    """Return what a reader is tired of; None when that is nothing.

    Args:
        shown_us: by row, when what was passed over was shown last.
    """
    if not shown_us or params.weight == 0:
        return None
    latest = sorted(shown_us.items(), key=lambda one: (-one[1], one[0]))[: params.remembered]
    rows, at_us = np.array(sorted(latest), np.int64).T
    # A finer clock would move the order between events.
    age_us = np.maximum(now_us // HOUR_US - at_us // HOUR_US, 0) * HOUR_US
    points = params.weight * np.exp2(-age_us / (params.half_life_days * DAY_US))
    return Fatigue(rows, points.astype(np.float32))
