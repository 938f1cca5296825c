"""Which engine trains: the one in this process, or Spark."""

from pathlib import Path

from workers.log.copied import Copied
from workers.training.params import TrainingParams
from workers.training.scratch import Scratch
from workers.training.trainer import IN_THIS_PROCESS, Steps


def steps_of(params: TrainingParams, data_path: Path, copy: Copied | None = None) -> Steps:
    """Return how rounds are carried out with what was set.

    Args:
        params: their engine is installed.
        copy: of the archive, for executors to fetch in place of what is here.
    """
    scratch = Scratch(data_path / "spark")
    scratch.tidy()
    if params.engine != "spark":
        return IN_THIS_PROCESS
    from workers.training.spark.rounds import steps  # half a gigabyte that few have

    return steps(params.spark, scratch, copy)
