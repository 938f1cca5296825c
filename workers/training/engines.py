"""Which engine trains: the one in this process, or Spark where it is installed."""

from pathlib import Path

from recsvc.errors import SettingsError
from workers.training.params import TrainingParams
from workers.training.scratch import Scratch
from workers.training.trainer import IN_THIS_PROCESS, Steps


def steps_of(params: TrainingParams, data_path: Path) -> Steps:
    """Return how rounds are carried out with what was set.

    Raises:
        SettingsError: when the engine is not installed.
    """
    scratch = Scratch(data_path / "spark")
    scratch.tidy()
    if params.engine != "spark":
        return IN_THIS_PROCESS
    try:
        from workers.training.spark.rounds import steps
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] not in ("pyspark", "py4j"):
            raise
        raise SettingsError("the engine `spark` needs `pip install 'recsvc[spark]'`") from None
    return steps(params.spark, scratch)
