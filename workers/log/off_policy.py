"""What lists would have earned with another share of exploration, from what was shown and done.

Place by place: that an explored item pushes the others down by one is left out, so that what it says
holds for the place and not for the list as a whole. Only personal lists explore, and only behind the
first three places.
"""

import numpy as np
import polars as pl

from recsvc.core.experiments.off_policy import Estimate, Places, by_share, estimate
from recsvc.core.ranking.exploration import FIRST, lottery_of

_CHANCE = "explore"


def of_share(found: pl.DataFrame, wanted: float, act: str = "clicked") -> Estimate:
    """Return what a place would have earned where chance had chosen a share of them.

    Args:
        found: places with what came of them, as `attributed` has them.
        act: which column counts as a reward.

    Raises:
        InvalidError: when the log has too little of it to say.
    """
    feeds = found["feed_id"].unique()
    lotteries = [lottery_of(feed) for feed in feeds]
    shares = pl.DataFrame(
        {"feed_id": feeds, "chance": [None if one is None else one.chance for one in lotteries]},
        schema={"feed_id": pl.String, "chance": pl.Float64},
    )
    is_by_chance = pl.col("voice") == _CHANCE
    is_open = (pl.col("source") == "personal") & (pl.col("position") >= FIRST)
    places = (
        found.join(shares, on="feed_id")
        .filter(is_open & pl.col("chance").is_between(0, 1, closed="none"))
        .with_columns(is_by_chance.alias("explored"), pl.col(act).cast(pl.Float64).alias("reward"))
        .with_columns(
            pl.col("user").rank("dense").cast(pl.Int64) - 1,
            pl.col("reward").mean().over("position", "explored").alias("predicted"),
            _mean_where(pl.col("explored")).alias("by_chance"),
            _mean_where(~pl.col("explored")).alias("ranked"),
        )
    )
    explored, chance = places["explored"].to_numpy(), places["chance"].to_numpy()
    by_chance, ranked = places["by_chance"].to_numpy(), places["ranked"].to_numpy()
    return estimate(
        Places(
            places["user"].to_numpy(),
            places["reward"].to_numpy(),
            by_share(explored, chance, wanted),
            places["predicted"].to_numpy(),
            np.nan_to_num(wanted * by_chance) + np.nan_to_num((1 - wanted) * ranked),
        )
    )


def _mean_where(which: pl.Expr) -> pl.Expr:
    """Return what such places earned at a position, on the whole; 0 where there were none."""
    return pl.col("reward").filter(which).mean().over("position").fill_null(0.0)
