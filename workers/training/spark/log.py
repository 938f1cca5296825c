"""The event log on a cluster: the archive's files, and beside them what no file has yet."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import polars as pl
from pyspark.cloudpickle import register_pickle_by_value
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from recsvc.clock import DAY_US
from recsvc.core.access.trust import Trust
from recsvc.core.items.item import StoredItem
from workers.log.archive import IDENTITY
from workers.log.schema import SCHEMA
from workers.training.believing import all_counted
from workers.training.gathering import ElsewhereMaterial, Lent
from workers.training.holdout import Holdout
from workers.training.spark import fetching

_TYPES = {pl.Int32(): "int", pl.Int64(): "bigint", pl.String(): "string"}
_COLUMNS = ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in SCHEMA.items())

_LOTS = 1 << 20
_SEED = 11
# Of a longer log each part of a shuffle has about as many.
_PER_PARTITION = 1_000_000


class SpreadLog(msgspec.Struct, frozen=True):
    """A log on a cluster.

    Attributes:
        events: of `SCHEMA`, each once, and `row` of its item; null where that is not in the catalogue.
        n_events: how many.
    """

    events: DataFrame
    n_events: int


def opened(spark: SparkSession, material: ElsewhereMaterial, scratch: Path) -> SpreadLog:
    """Return a log, read once and held by the executors.

    Args:
        scratch: an empty folder that executors read.
    """
    n_parts = max(material.n_logged // _PER_PARTITION, spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.shuffle.partitions", n_parts)
    material.events.write_parquet(scratch / "rest.parquet")
    files = [*material.files, *_fetched(spark, material.lent, scratch)]
    read = _read(spark, [scratch / "rest.parquet"])
    if files:
        read = read.unionByName(_known(_read(spark, files), material.erased, scratch))
    each_once = read.dropDuplicates(IDENTITY)
    if not material.is_keyed:
        each_once = each_once.withColumn("trust", F.lit(Trust.OPEN.value))
    names = [(name, row) for row, item in material.items.items() for name in _names(item)]
    rows = pl.DataFrame(names, {"item": pl.String, "row": pl.Int64}, orient="row")
    rows.write_parquet(scratch / "names.parquet")
    known = spark.read.parquet(_address(scratch / "names.parquet"))
    events = each_once.join(known, "item", "left").persist()
    return SpreadLog(events, events.count())


def drawn(
    log: SpreadLog, material: ElsewhereMaterial, most: int, scratch: Path
) -> ElsewhereMaterial:
    """Return the same with the whole log of as many readers, by lot, as have about `most` events."""
    lot = F.pmod(F.xxhash64(F.lit(_SEED), "user"), F.lit(_LOTS))
    share = min(1.0, most / max(log.n_events, 1))
    chosen = log.events.filter(lot < round(share * _LOTS)).select(*SCHEMA)
    chosen.write.parquet(_address(scratch / "drawn"))
    events = pl.read_parquet(scratch / "drawn" / "*.parquet", schema=SCHEMA)
    own_ids = events.with_columns(pl.col("item").replace(_aliases(material.items)))
    heard = own_ids if material.is_keyed else all_counted(own_ids)
    return msgspec.structs.replace(material, events=heard)


def without(log: SpreadLog, holdout: Holdout, drawn: pl.DataFrame, scratch: Path) -> DataFrame:
    """Return a log without a slice that was found among events drawn from it.

    What an instant divides is divided there for all readers.
    """
    after = drawn.join(holdout.before.events, on=IDENTITY, how="anti")
    if not holdout.is_by_time:
        after.select(IDENTITY).write_parquet(scratch / "slice.parquet")
        held = log.events.sparkSession.read.parquet(_address(scratch / "slice.parquet"))
        names = [name for name in IDENTITY if name != "item"]  # which may be an alias
        return log.events.join(held.select(names), names, "left_anti")
    day = pl.col("received_us") // DAY_US
    first_day, first_us = after.select(day.alias("day"), "at_us").sort("day", "at_us").row(0)
    of_day = F.floor(F.col("received_us") / DAY_US)
    is_earlier = (of_day == first_day) & (F.col("at_us") < first_us)
    return log.events.filter((of_day < first_day) | is_earlier)


def _fetched(spark: SparkSession, lent: tuple[Lent, ...], scratch: Path) -> list[Path]:
    """Have executors fetch files, each one at a time; return where they are then."""
    if not lent:
        return []
    register_pickle_by_value(fetching)
    to = [scratch / f"{n:08}.parquet" for n in range(len(lent))]
    wanted = [(one.address, str(path), one.sha256) for one, path in zip(lent, to, strict=True)]
    spark.sparkContext.parallelize(wanted, len(wanted)).foreach(fetching.fetch)
    return to


def _read(spark: SparkSession, files: list[Path]) -> DataFrame:
    return spark.read.schema(_COLUMNS).parquet(*map(_address, files))


def _known(events: DataFrame, erased: tuple[str, ...], scratch: Path) -> DataFrame:
    """Return the events of readers who were not erased."""
    if not erased:
        return events
    pl.DataFrame({"user": erased}).write_parquet(scratch / "erased.parquet")
    gone = events.sparkSession.read.parquet(_address(scratch / "erased.parquet"))
    return events.join(gone, "user", "left_anti")


def _address(path: Path) -> str:
    return path.absolute().as_uri()


def _names(item: StoredItem) -> Iterable[str]:
    return {item.id, *item.aliases}


def _aliases(items: Mapping[int, StoredItem]) -> dict[str, str]:
    return {alias: item.id for item in items.values() for alias in item.aliases}
