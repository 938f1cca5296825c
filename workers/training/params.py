"""What training depends on beside the log and the catalogue."""

import msgspec

from recsvc.core.model.confidence import ConfidenceParams
from recsvc.core.readers.profile import ProfileParams


class AlsParams(msgspec.Struct, frozen=True):
    """How factors are fitted.

    Attributes:
        factors: dimensions f.
        iterations: more lower the training loss and, from about five on, accuracy too.
        warm_iterations: the same when going on from earlier factors.
        regularization: λ.
        threads: 0 for one per processor.
        seed: same seed, same data, same machine: same factors.
    """

    factors: int = 64
    iterations: int = 5
    warm_iterations: int = 1
    regularization: float = 5.0
    threads: int = 0
    seed: int = 42


class LearnParams(msgspec.Struct, frozen=True):
    """How interactions become a model: what tuning may vary."""

    confidence: ConfidenceParams = ConfidenceParams()
    als: AlsParams = AlsParams()


class TrainParams(msgspec.Struct, frozen=True):
    """All of it."""

    profile: ProfileParams
    learn: LearnParams
