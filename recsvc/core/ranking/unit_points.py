"""Unit points: what each voice said of the places of a list, whatever its weight was.

A score is the sum of weights times these, and of a rest that is nobody's voice. Who has them knows in
which order another blend would have put the same items.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.ranking.blend import Ranking


def unit_points(ranking: Ranking) -> tuple[list[str], NDArray[np.float32]]:
    """Return the names of the voices that weigh anything, and (k, v + 1): their points, and the rest.

    Args:
        ranking: with its voices, as they ranked it.
    """
    voices = ranking.voices
    assert voices is not None, "only voices say points"
    params = voices.blend.params
    weighed = [(one, weight) for one in voices.said if (weight := one.voice.weight(params)) > 0]
    points = np.array([one.at(ranking.rows) for one, _ in weighed], np.float32).T
    points = points.reshape(len(ranking.rows), len(weighed))
    rest = ranking.scores - points.sum(axis=1)
    units = points / np.array([weight for _, weight in weighed], np.float32)
    return [one.voice.name for one, _ in weighed], np.column_stack([units, rest]).astype(np.float32)
