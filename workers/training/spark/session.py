"""Spark's door: a session on a cluster for as long as a round takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from recsvc.errors import SettingsError, TrainingError

# What is read and made here is columns of numbers: nothing runs Python on the executors, which need
# nothing of ours installed.
_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    # Polars reads the results; it knows no checksums and markers beside them.
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


@contextmanager
def session(master: str) -> Iterator[SparkSession]:
    """Give a session meanwhile; what else is to be set of Spark stands in its `spark-defaults.conf`.

    Raises:
        SettingsError: when there is no Java that Spark runs on.
        TrainingError: when the cluster did not do what it was asked.
    """
    builder = SparkSession.builder.appName("recsvc train").master(master)
    for name, value in _CONF.items():
        builder = builder.config(name, value)
    try:
        begun = builder.getOrCreate()
    except PySparkException as exc:  # no Java, or none that Spark runs on
        raise SettingsError(f"Spark does not start: {_first_line(exc)}") from exc
    except Py4JError as exc:
        raise TrainingError(f"no Spark at {master}: {_first_line(exc)}") from exc
    try:
        yield begun
    except (PySparkException, Py4JError) as exc:
        raise TrainingError(f"Spark gave up: {_first_line(exc)}") from exc
    finally:
        begun.stop()


def _first_line(exc: Exception) -> str:
    return next(iter(str(exc).splitlines()), type(exc).__name__)
