"""Evidence by Spark: what stands between each reader and item, by the rules of `training.interactions`.

Those rules, written once more as they are told to Spark: a test compares what both make of the same log.
Readers are known by a number that is theirs for one round; ids of readers never leave the cluster.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from recsvc.clock import DAY_US
from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.access.trust import OWN_PREFIXES, UNVOUCHED, Trust, TrustParams, training_weights
from recsvc.core.readers.kinds import HIDE, Role
from recsvc.core.readers.profile import ProfileParams

_SEED = 7
_BUCKETS = 1_024


def evidence(events: DataFrame, params: ProfileParams, now_us: int) -> DataFrame:
    """Return the evidence that is heard.

    Args:
        events: each once: `user`, `row` of the item, `kind`, `at_us`, `value_milli`, `trust`, `network`.

    Returns:
        `user`, `row`, `evidence` and `at_us`, the instant of the latest event behind it.
    """
    told = _states(events, params, now_us).unionByName(_signals(events, params, now_us))
    hidden = F.lit(float(params.state_weights()[HIDE]))
    pairs = (
        told.groupBy("user", "row")
        .agg(
            F.sum("evidence").alias("evidence"),
            F.max("hidden").alias("hidden"),
            F.max("at_us").alias("at_us"),
        )
        .withColumn("evidence", F.when(F.col("hidden"), hidden).otherwise(F.col("evidence")))
        .drop("hidden")
        .filter(F.col("evidence") != 0)
    )
    return _believed(pairs, events, params.trust)


def numbered(pairs: DataFrame) -> DataFrame:
    """Return evidence with numbers for readers: those with the same hash share a bucket of few."""
    bucket = F.pmod(F.xxhash64("user"), F.lit(_BUCKETS))
    place = F.row_number().over(Window.partitionBy("bucket").orderBy("user"))
    users = pairs.select("user").distinct().withColumn("bucket", bucket)
    numbers = users.select("user", (place * _BUCKETS + F.col("bucket")).cast("int").alias("reader"))
    return pairs.join(numbers, "user").select("reader", "row", "evidence", "at_us")


def _decay(params: ProfileParams, now_us: int) -> Column:
    if params.half_life_days == 0:
        return F.lit(1.0)
    age_days = F.greatest(F.lit(now_us) - F.col("at_us"), F.lit(0)) / DAY_US
    return F.pow(F.lit(2.0), -age_days / params.half_life_days)


def _by_name(column: str, values: Mapping[str, object]) -> Column:
    """Return a value for each name in a column; null for others."""
    pairs = [F.lit(one) for pair in values.items() for one in pair]
    return F.create_map(*pairs)[F.col(column)]


def _states(events: DataFrame, params: ProfileParams, now_us: int) -> DataFrame:
    kinds = {n: k for n, k in params.kinds.items() if k.role in (Role.STATE, Role.CLEAR)}
    weights = {name: float(weight) for name, weight in params.state_weights().items()}
    clears = [name for name, kind in kinds.items() if kind.role is Role.CLEAR]
    weight = F.coalesce(_by_name("state", weights), F.lit(0.0))
    return (
        events.filter(F.col("kind").isin(list(kinds)))
        .withColumn("state", _by_name("kind", {name: kind.state for name, kind in kinds.items()}))
        # The greatest is the latest, and of those at one time one that clears.
        .withColumn("stands", F.struct("at_us", F.col("kind").isin(clears).alias("off")))
        .groupBy("user", "row", "state")
        .agg(F.max("stands").alias("stands"))
        .filter(~F.col("stands.off"))
        .withColumn("at_us", F.col("stands.at_us"))
        .select(
            "user",
            "row",
            (weight * _decay(params, now_us)).alias("evidence"),
            (F.col("state") == HIDE).alias("hidden"),
            "at_us",
        )
    )


def _signals(events: DataFrame, params: ProfileParams, now_us: int) -> DataFrame:
    signals = params.signal_weights()
    weight = _by_name("kind", {name: float(weight) for name, (weight, _) in signals.items()})
    unit = _by_name("kind", {name: float(unit) for name, (_, unit) in signals.items()})
    value, by_value = F.col("value_milli"), F.col("value_milli") / 1000 / unit
    amount = F.when((unit > 0) & (value > 0), by_value).otherwise(F.col("count"))
    return (
        events.filter(F.col("kind").isin(list(signals)))
        .groupBy("user", "row", "kind")
        .agg(
            F.count("*").alias("count"),
            F.sum(F.coalesce("value_milli", F.lit(0))).alias("value_milli"),
            F.max("at_us").alias("at_us"),
        )
        .select(
            "user",
            "row",
            (weight * F.log2(1 + amount) * _decay(params, now_us)).alias("evidence"),
            F.lit(False).alias("hidden"),
            "at_us",
        )
    )


def _classes() -> Column:
    """Return who vouches for each event, as `trust_of` has it."""
    user, stored = F.col("user"), F.col("trust")
    is_session = user.startswith(ANONYMOUS)
    is_page = reduce(or_, (user.startswith(prefix) for prefix in OWN_PREFIXES))
    implied = (
        F.when(is_session, Trust.SESSION.value)
        .when(is_page, Trust.PAGE.value)
        .otherwise(Trust.SECRET.value)
    )
    known = F.when(stored.isin([trust.value for trust in Trust]), stored).otherwise(implied)
    is_claimed = is_session & ~known.isin([trust.value for trust in UNVOUCHED])
    return F.when(is_claimed, Trust.SESSION.value).otherwise(known)


def _believed(pairs: DataFrame, events: DataFrame, params: TrustParams) -> DataFrame:
    """Return evidence as `training.believing` weighs it."""
    weights = {str(trust): float(w) for trust, w in training_weights(params.weights).items()}
    unvouched = [trust.value for trust in UNVOUCHED]
    who = (
        events.withColumn("class", _classes())
        .groupBy("user", "row")
        .agg(
            F.max(~F.col("class").isin(unvouched)).alias("vouched"),
            F.max(_by_name("class", weights)).alias("weight"),
            F.min("network").alias("network"),
        )
    )
    told = pairs.join(who, ["user", "row"])
    known = told.filter("vouched")
    others = _heard(told.filter(~F.col("vouched") & (F.col("weight") > 0)), known, params)
    weighed = known.unionByName(others.select(known.columns))
    return (
        weighed.withColumn("evidence", F.col("evidence") * F.col("weight"))
        .filter(F.col("evidence") != 0)
        .select("user", "row", "evidence", "at_us")
    )


def _heard(others: DataFrame, known: DataFrame, params: TrustParams) -> DataFrame:
    """Return which unvouched evidence of each item is heard, by lot."""
    size, lot = F.abs("evidence"), (F.xxhash64(F.lit(_SEED), "user"), F.col("user"))
    most = known.groupBy("row").agg((F.sum(size) * params.unvouched_share).alias("most"))
    place = F.row_number().over(Window.partitionBy("row", "network").orderBy(*lot))
    until_now = (
        Window.partitionBy("row")
        .orderBy(*lot)
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    bound = F.coalesce("most", F.lit(0.0)) + float(params.unvouched_evidence)
    return (
        others.join(most, "row", "left")
        .withColumn("place", place)
        .filter(F.col("network").isNull() | (F.col("place") <= params.unvouched_per_network))
        .withColumn("heard", F.sum(size).over(until_now))
        .filter(F.col("heard") <= bound)
    )
