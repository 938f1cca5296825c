"""Learning by Spark: factors from MLlib's ALS, the walk and the transitions, from evidence as a table.

What leaves the cluster is by item: factors, degrees, and the few others that each item leads to. The
formulae are those of `core.model.confidence`, `neighbours` and `transitions`; a test compares both.

MLlib minimises the objective of `training.als` (Hu, Koren, Volinsky, ICDM 2008) but for λ, which it
multiplies by how many items a reader went for, or how many went for an item (Zhou, Wilkinson, Schreiber,
Pan, AAIM 2008). λ is divided by the mean of these over interactions, so that it weighs the same on most.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from pyspark.ml.functions import array_to_vector
from pyspark.ml.recommendation import ALS
from pyspark.mllib.linalg.distributed import RowMatrix
from pyspark.mllib.util import MLUtils
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from recsvc.core.model import neighbours, transitions
from recsvc.core.model.confidence import Weighting
from workers.training.params import LearnParams

_LEAST = 1e-6


class Figures(msgspec.Struct, frozen=True):
    """How much evidence there is, and how much of it is liked."""

    n_users: int
    n_interactions: int
    mean_weight: float
    n_liked: int


class Spread(msgspec.Struct, frozen=True):
    """What Spark learned, by row.

    Attributes:
        item_factors: (n_rows, f); zeros without interactions.
        walked: (n_rows, n_rows) as of `neighbours.walk`.
        followed: (n_rows, n_rows) as of `transitions.transitions`.
    """

    figures: Figures
    item_factors: NDArray[np.float32]
    reader_gram: NDArray[np.float32]
    weighting: Weighting
    support: NDArray[np.int32]
    walked: sp.csr_matrix
    followed: sp.csr_matrix


def spread(evidence: DataFrame, n_rows: int, params: LearnParams, scratch: Path) -> Spread:
    """Learn from evidence.

    Args:
        evidence: `reader`, `row`, `evidence`, `at_us`.
        scratch: an empty folder that the executors write to and this process reads.
    """
    weighed = _kept(_weighed(evidence, params), scratch / "evidence")
    found = _figures(weighed)
    items = _collected(_by_item(weighed), scratch / "items")
    support, weight = np.zeros(n_rows, np.int32), np.ones(n_rows, np.float32)
    support[items["row"]] = items["support"]
    weight[items["row"]] = items["item_weight"]
    factors = np.zeros((n_rows, params.als.factors), np.float32)
    gram = np.zeros((params.als.factors, params.als.factors), np.float32)
    if found.n_liked:
        fitted = _fitted(weighed, found, params)
        rows = _collected(fitted.itemFactors, scratch / "factors")
        factors[rows["id"]] = np.stack(rows["features"].to_list())
        gram = _gram(fitted.userFactors)
    liked = weighed.filter(F.col("evidence") > 0)
    return Spread(
        found,
        factors,
        gram,
        Weighting(weight, found.mean_weight, params.confidence),
        support,
        _matrix(_collected(_walk(liked), scratch / "walk"), n_rows),
        _matrix(_collected(_transitions(liked), scratch / "transitions"), n_rows),
    )


def _weighed(evidence: DataFrame, params: LearnParams) -> DataFrame:
    """Return evidence with `item_weight` and `w`, as of `confidence.weigh`."""
    p, q = params.confidence.user_exponent, params.confidence.item_exponent
    n_items = F.count("*").over(Window.partitionBy("reader"))
    degrees = evidence.groupBy("row").agg(F.pow(F.count("*"), F.lit(-q)).alias("item_weight"))
    weighed = evidence.withColumn("n_items", n_items).join(degrees, "row")
    w = F.abs("evidence") * F.col("item_weight") * F.pow("n_items", F.lit(-p))
    return weighed.withColumn("w", w).drop("n_items")


def _figures(weighed: DataFrame) -> Figures:
    is_liked = F.col("evidence") > 0
    row = weighed.agg(
        F.count_distinct("reader"),
        F.count("*"),
        F.coalesce(F.avg("w"), F.lit(1.0)),
        F.count_if(is_liked),
    ).first()
    return Figures(*row)


def _by_item(weighed: DataFrame) -> DataFrame:
    support = F.count_if(F.col("evidence") > 0)
    return weighed.groupBy("row").agg(
        F.first("item_weight").alias("item_weight"), support.cast("int").alias("support")
    )


def _fitted(weighed: DataFrame, figures: Figures, params: LearnParams) -> Any:
    """Return a model: MLlib's confidence is 1 + |rating|, and what is not positive is not preferred."""
    confidence = params.confidence.alpha * F.col("w") / figures.mean_weight
    rating = F.greatest(confidence - 1, F.lit(_LEAST)) * F.signum("evidence")
    degrees = [_degree(weighed, column) for column in ("reader", "row")]
    n_blocks = weighed.sparkSession.sparkContext.defaultParallelism
    als = ALS(
        rank=params.als.factors,
        maxIter=params.als.iterations,
        regParam=params.als.regularization / float(np.sqrt(np.prod(degrees))),
        implicitPrefs=True,
        alpha=1.0,
        userCol="reader",
        itemCol="row",
        ratingCol="rating",
        seed=params.als.seed,
        numUserBlocks=n_blocks,
        numItemBlocks=n_blocks,
    )
    return als.fit(weighed.select("reader", "row", rating.cast("float").alias("rating")))


def _degree(weighed: DataFrame, column: str) -> float:
    """Return how many are gone for by the reader, or go for the item, of an interaction on average."""
    counts = weighed.filter(F.col("evidence") > 0).groupBy(column).count()
    row = counts.agg(F.sum(F.pow("count", F.lit(2))) / F.sum("count")).first()
    return float(row[0])


def _gram(factors: DataFrame) -> NDArray[np.float32]:
    """Return (f, f) XᵀX."""
    vectors = factors.select(array_to_vector("features").alias("x"))
    gram = RowMatrix(MLUtils.convertVectorColumnsFromML(vectors, "x")).computeGramianMatrix()
    return np.asarray(gram.toArray(), np.float32)


def _walk(liked: DataFrame) -> DataFrame:
    """Return the walk: `row`, `to`, `weight`."""
    most = Window.partitionBy("reader").orderBy(F.desc("evidence"), "row")
    kept = liked.select("reader", "row", "evidence", F.row_number().over(most).alias("place"))
    kept = kept.filter(F.col("place") <= neighbours.MAX_DEGREE)
    of_reader = F.sum("evidence").over(Window.partitionBy("reader"))
    of_item = F.sum("evidence").over(Window.partitionBy("row"))
    shares = kept.select(
        "reader",
        "row",
        (F.col("evidence") / of_item).alias("back"),
        (F.col("evidence") / of_reader).alias("forward"),
    )
    there = shares.select("reader", F.col("row").alias("to"), F.col("forward").alias("on"))
    led = shares.join(there, "reader").filter(F.col("row") != F.col("to"))
    weight = F.sum(F.col("back") * F.col("on")).alias("weight")
    return _heaviest(led.groupBy("row", "to").agg(weight), neighbours.WIDTH)


def _transitions(liked: DataFrame) -> DataFrame:
    """Return the transitions: `row`, `to`, `weight`."""
    latest = Window.partitionBy("reader").orderBy(F.desc("at_us"), F.desc("row"))
    kept = liked.select("reader", "row", "at_us", F.row_number().over(latest).alias("place"))
    kept = kept.filter(F.col("place") <= transitions.LATEST)
    in_order = Window.partitionBy("reader").orderBy("at_us", "row")
    steps = [
        F.struct(
            F.lit(step).alias("step"),
            F.lead("row", step).over(in_order).alias("to"),
            (F.lead("at_us", step).over(in_order) - F.col("at_us")).alias("gap"),
        )
        for step in range(1, transitions.REACH + 1)
    ]
    taken = kept.select("row", F.array(*steps).alias("steps"))
    taken = taken.select("row", F.inline("steps")).filter(F.col("to").isNotNull())
    weight = F.pow(F.lit(2.0), -F.col("gap") / transitions.HALF_LIFE_US) / F.col("step")
    is_at_once = F.col("gap") == 0
    led = taken.select("row", "to", (F.when(is_at_once, 0.5).otherwise(1.0) * weight).alias("w"))
    back = taken.filter(is_at_once).select(
        F.col("to").alias("row"), F.col("row").alias("to"), (0.5 / F.col("step")).alias("w")
    )
    sizes = kept.groupBy("row").agg(F.count("*").alias("n"))
    summed = led.unionByName(back).groupBy("row", "to").agg(F.sum("w").alias("w"))
    scaled = summed.join(sizes, "row").select(
        "row", "to", (F.col("w") / F.col("n")).alias("weight")
    )
    return _heaviest(scaled, transitions.WIDTH)


def _heaviest(led: DataFrame, width: int) -> DataFrame:
    place: Column = F.row_number().over(Window.partitionBy("row").orderBy(F.desc("weight"), "to"))
    return led.withColumn("place", place).filter(F.col("place") <= width).drop("place")


def _kept(table: DataFrame, folder: Path) -> DataFrame:
    """Return a table that was written: what is asked of it is planned and computed from there."""
    table.write.parquet(folder.absolute().as_uri())
    return table.sparkSession.read.parquet(folder.absolute().as_uri())


def _collected(table: DataFrame, folder: Path) -> pl.DataFrame:
    """Return a table by item, by way of files: row by row through the driver it would take hours."""
    _kept(table, folder)
    return pl.read_parquet(folder / "*.parquet")


def _matrix(led: pl.DataFrame, n_rows: int) -> sp.csr_matrix:
    places = (led["row"].to_numpy(), led["to"].to_numpy())
    weights = led["weight"].to_numpy().astype(np.float32)
    found = sp.csr_matrix((weights, places), (n_rows, n_rows))
    found.sort_indices()
    return found
