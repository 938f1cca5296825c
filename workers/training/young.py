"""Young sites: how loud the crowd speaks before readers can teach anything better.

Where most readers went for one item or two, their histories say little of them, while what others gather
around says much. So strangers would get better lists than whoever says who they are. Until training can
weigh the voices, those readers are served with the voice of the strangers' list, as loud as

    4 · c / (c + e²) · k² / (k² + 10²)        points of a doubling of votes

a fifth of them by the votes of the day: on the first days most of what is gone for is new. Who answers
a history is heard with half the weight half as many interactions later than usual.

c are the further readers of what a reader went for, and e the further items of whoever went for an item,
both on average over all that was gone for. Knowing someone by their history takes others who share it: e
further items pair in e² ways. On a young site of news c is 3 and e is a third; in a small library of
papers that hardly two readers share, c is a tenth and e is 2; where much is known, e² is above all c. k
is over how many items the crowd is spread, as Simpson's index counts them: a crowd around three items
has chosen three places of a list, and must not drown what somebody's one vote says of all others.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import ReaderVoice
from recsvc.core.ranking.voices import VOICES
from workers.training.taught import NOTHING, Taught

_CROWD = "trending_month"  # what strangers are served
_LATELY = "trending_day"
_LATELY_SHARE = 0.2
_PATIENCE = 0.5  # interactions more to be heard by half, for each point of the crowd
_LOUDEST = 4.0
_SPREAD = 10.0
_INAUDIBLE = 0.1


def young(evidence: sp.csr_matrix, params: BlendParams) -> Taught:
    """Return how loud voices speak on a site that cannot teach it; nothing where much is known.

    Args:
        evidence: (n_users, n_rows) what readers did.
        params: the settings: where trending is silenced, or its window set, that stays.
    """
    liked = evidence > 0
    if not liked.nnz or params.trending == 0 or _CROWD in params.weights:
        return NOTHING
    support = np.bincount(liked.indices, minlength=liked.shape[1])
    crowd = _further(support)
    own = _further(np.diff(liked.indptr))
    if crowd == 0:
        return NOTHING
    spread = float(liked.nnz) ** 2 / float((support**2).sum())
    weight = _LOUDEST * crowd / (crowd + own**2) * spread**2 / (spread**2 + _SPREAD**2)
    if weight < _INAUDIBLE:
        return NOTHING
    lately = 0.0 if _LATELY in params.weights else _LATELY_SHARE * weight
    weights = {_CROWD: _round(weight - lately)} | ({_LATELY: _round(lately)} if lately else {})
    answering = [voice for voice in VOICES if isinstance(voice, ReaderVoice)]
    half_at = {v.name: _round(v.half_at(params) + _PATIENCE * weight) for v in answering}
    return Taught(weights, half_at)


def _round(number: float) -> float:
    return float(f"{number:.3g}")


def _further(counts: NDArray[np.int64]) -> float:
    """Return how many others share what one of all pairs belongs to, on average."""
    return float((counts * (counts - 1)).sum() / counts.sum())
