"""What training depends on beside the log and the catalogue: when, with what, and what passes."""

from typing import Annotated, Literal

import msgspec

from recsvc.core.model.confidence import ConfidenceParams
from recsvc.core.readers.profile import ProfileParams
from recsvc.params import setting


class AlsParams(msgspec.Struct, frozen=True):
    """How factors are fitted.

    Attributes:
        iterations: more lower the training loss and, from about five on, accuracy too.
        warm_iterations: the same when going on from earlier factors.
        seed: same seed, same data, same machine: same factors.
    """

    factors: Annotated[int, setting("Dimensions of the factors.", ge=1, le=1024)] = 64
    iterations: Annotated[int, setting("Iterations of ALS.", ge=1, le=100)] = 5
    warm_iterations: int = 1
    regularization: Annotated[float, setting("Regularization λ of ALS.", gt=0)] = 5.0
    threads: Annotated[
        int,
        setting("Threads used for training; 0: one per processor.", name="train_threads", ge=0),
    ] = 0
    seed: Annotated[int, setting("Seed of everything random in training.", ge=0)] = 42


class LearnParams(msgspec.Struct, frozen=True):
    """How interactions become a model: what tuning may vary."""

    confidence: ConfidenceParams = ConfidenceParams()
    als: AlsParams = AlsParams()


class TrainParams(msgspec.Struct, frozen=True):
    """What a model is made with."""

    profile: ProfileParams
    learn: LearnParams


class DueParams(msgspec.Struct, frozen=True):
    """When it is time to train."""

    every_s: Annotated[
        float,
        setting(
            "Train when this long has passed and there are new events.",
            name="train_every_s",
            gt=0,
        ),
    ] = 30.0
    every_events: Annotated[
        int,
        setting("… or as soon as there are this many new events.", name="train_every_events", ge=1),
    ] = 1_000
    pause_s: Annotated[
        float, setting("Never train more often than this.", name="train_pause_s", ge=0)
    ] = 5.0
    share: Annotated[
        float,
        setting("Largest share of the time spent training.", name="train_share", gt=0, le=1),
    ] = 0.05


class GateParams(msgspec.Struct, frozen=True):
    """When a candidate is judged."""

    share: Annotated[
        float,
        setting(
            "Share of the log, the latest, that models are judged by; more where readers are too few.",
            name="gate_share",
            gt=0,
            lt=1,
        ),
    ] = 0.1
    min_readers: Annotated[
        int,
        setting(
            "With fewer readers in any slice of the log, a model is not judged.",
            name="gate_min_readers",
            ge=2,
        ),
    ] = 30


class GuardParams(msgspec.Struct, frozen=True):
    """When a model that is served is rolled back by itself."""

    is_on: Annotated[
        bool,
        setting(
            "Whether a model is rolled back by itself when readers surely go for its lists less than "
            "for those before.",
            name="online_guard",
        ),
    ] = True
    fall: Annotated[
        float,
        setting(
            "… and by this share at least, of clicks, reads, votes, saves and shares per place.",
            name="online_guard_fall",
            ge=0,
            lt=1,
        ),
    ] = 0.1
    rest_h: Annotated[
        float,
        setting(
            "Hours for which nothing else is published after that.",
            name="online_guard_rest_h",
            gt=0,
        ),
    ] = 24.0


class SparkParams(msgspec.Struct, frozen=True):
    """Where Spark trains, and on how much of a log it is judged.

    Attributes:
        master: `local[*]` is this machine, without a cluster.
    """

    master: Annotated[
        str,
        setting(
            "Spark master that trains, e.g. `spark://host:7077`, where the engine is `spark`.",
            name="spark_master",
            pattern=r"^\S+$",
        ),
    ] = "local[*]"
    judged_events: Annotated[
        int,
        setting(
            "Events of readers drawn at random that a model of Spark's is judged by, in the memory of "
            "the process that asks for it.",
            name="spark_judged_events",
            ge=1_000,
        ),
    ] = 2_000_000


NOBODY = "none"


class TrainingParams(msgspec.Struct, frozen=True):
    """All that can be set of training."""

    due: DueParams = DueParams()
    engine: Annotated[
        Literal["implicit", "spark", "none"],
        setting(
            "What fits factors: `implicit` in the worker, or `spark` on a cluster; `none`: the worker "
            "does not train, and `recsvc train` is run by whatever you like.",
            name="train_engine",
        ),
    ] = "implicit"
    spark: SparkParams = SparkParams()
    learn: LearnParams = LearnParams()
    search_s: Annotated[
        float,
        setting(
            "Seconds of a round given to a search for better training parameters, when there is twice "
            "as much to learn from as at the last one; 0: those above are used.",
            ge=0,
        ),
    ] = 20.0
    learns_weights: Annotated[
        bool,
        setting(
            "Whether training fits the weights of the voices to what readers went for; false: they "
            "speak as they are set.",
            name="learn_weights",
        ),
    ] = True
    gate: GateParams = GateParams()
    guard: GuardParams = GuardParams()
    snapshots_kept: Annotated[
        int, setting("Snapshots kept for rollback, the served one included.", ge=1)
    ] = 5
