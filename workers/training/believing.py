"""Believing: how much of what readers did is heard, by who vouches for them.

Vouched evidence counts as it is. Of what invented readers could have done an item is given at most a
share of its vouched evidence and a little beside, from each network no more than a few readers, and what
is given weighs little. Bounds are on evidence as it was, not as it weighs: whoever is heard in training
is heard with a confidence of at least 1, so that many who weigh little would still be many.
"""

import polars as pl

from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.access.trust import (
    OWN_PREFIXES,
    UNVOUCHED,
    Trust,
    TrustParams,
    training_weights,
)

_SEED = 7


def all_counted(events: pl.DataFrame) -> pl.DataFrame:
    """Return a log as it is while no key exists: the owner's own, all of it."""
    return events.with_columns(pl.lit(Trust.OPEN.value).alias("trust"))


def classes() -> pl.Expr:
    """Return who vouches for each event of a log, as `trust_of` has it."""
    user, stored = pl.col("user"), pl.col("trust")
    is_session = user.str.starts_with(ANONYMOUS)
    is_page = pl.any_horizontal(user.str.starts_with(prefix) for prefix in OWN_PREFIXES)
    implied = (
        pl.when(is_session)
        .then(pl.lit(Trust.SESSION.value))
        .when(is_page)
        .then(pl.lit(Trust.PAGE.value))
        .otherwise(pl.lit(Trust.SECRET.value))
    )
    known = pl.when(stored.is_in([trust.value for trust in Trust])).then(stored).otherwise(implied)
    is_claimed = is_session & ~known.is_in([trust.value for trust in UNVOUCHED])
    return pl.when(is_claimed).then(pl.lit(Trust.SESSION.value)).otherwise(known)


def vouched() -> pl.Expr:
    """Return whether somebody vouches for each event of a log."""
    return ~classes().is_in([trust.value for trust in UNVOUCHED])


def believed(pairs: pl.DataFrame, log: pl.DataFrame, params: TrustParams) -> pl.DataFrame:
    """Return the evidence that is heard, as it weighs, and whether somebody vouches for it.

    Args:
        pairs: `user`, `item`, `evidence`, each pair once.
        log: the events they come from.
    """
    weights = training_weights(params.weights)
    who = (
        log.select("user", "item", "network", classes().alias("trust"), vouched().alias("vouched"))
        .with_columns(
            pl.col("trust").replace_strict(weights, return_dtype=pl.Float64).alias("weight"),
        )
        .group_by("user", "item")
        .agg(pl.col("vouched").any(), pl.col("weight").max(), pl.col("network").min())
    )
    told = pairs.join(who, on=["user", "item"], how="left")
    known = told.filter("vouched")
    others = _heard(told.filter(~pl.col("vouched") & (pl.col("weight") > 0)), known, params)
    weighed = pl.concat([known, others.select(known.columns)])
    return (
        weighed.with_columns(pl.col("evidence") * pl.col("weight"))
        .filter(pl.col("evidence") != 0)
        .drop("weight", "network")
    )


def _heard(others: pl.DataFrame, known: pl.DataFrame, params: TrustParams) -> pl.DataFrame:
    """Return which unvouched evidence of each item is heard; by lot, the same in every training."""
    size = pl.col("evidence").abs()
    most = known.group_by("item").agg((size.sum() * params.unvouched_share).alias("most"))
    place = pl.col("user").cum_count().over("item", "network")
    return (
        others.join(most, on="item", how="left")
        .sort(pl.col("user").hash(_SEED), "user", "item")
        .filter(pl.col("network").is_null() | (place <= params.unvouched_per_network))
        .filter(
            size.cum_sum().over("item") <= pl.col("most").fill_null(0) + params.unvouched_evidence
        )
    )
