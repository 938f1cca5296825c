"""From the event log to interactions: what stands between each reader and item, as a matrix.

The same rules as a profile's, over a table: of a state the latest event by its own time counts, the
clearing one at equal times; signals add up; an event that came twice counts once.
"""

import msgspec
import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.readers.kinds import HIDE, UPVOTE, Role
from recsvc.core.readers.profile import ProfileParams
from workers.log.archive import IDENTITY
from workers.training.believing import believed, vouched
from workers.training.past import Past


class CatalogueLog(msgspec.Struct, frozen=True):
    """An event log and the catalogue it is about.

    Attributes:
        events: a table of `SCHEMA`, every item under its own id.
        listed: row of every item in the catalogue.
        n_rows: rows the catalogue has given out.
    """

    events: pl.DataFrame
    listed: dict[str, int]
    n_rows: int


class Interactions(msgspec.Struct, frozen=True):
    """Evidence by reader and item row.

    Attributes:
        evidence: (n_users, n_rows) float32 without explicit zeros; negative means disliked.
        latest_us: (n_users, n_rows) the instant of the latest event behind each.
        users: the n_users ids, ascending.
        n_events: events in the log they come from.
        is_vouched: (n_users,) whether somebody vouches for the reader.
    """

    evidence: sp.csr_matrix
    latest_us: sp.csr_matrix
    users: list[str]
    n_events: int
    is_vouched: NDArray[np.bool_]

    @property
    def past(self) -> Past:
        """The same as it is learned from."""
        return Past(self.evidence, self.latest_us)


class Votes(msgspec.Struct, frozen=True):
    """Upvotes that stand, but for those that nobody vouches for, which no board counts.

    Attributes:
        rows: (v,) of the items.
        at_us: (v,) the instants that they stand since.
    """

    rows: NDArray[np.int64]
    at_us: NDArray[np.int64]


def interactions(heard: CatalogueLog, params: ProfileParams, now_us: int) -> Interactions:
    """Return the evidence matrix of an event log.

    Entries that appear twice count once; events of items that are not listed wait for their item.
    """
    log, rows = heard.events.unique(IDENTITY), heard.listed
    table = pl.concat([_states(log, params, now_us), _signals(log, params, now_us)])
    known = pl.DataFrame(
        {"item": list(rows), "row": list(rows.values())},
        schema={"item": pl.String, "row": pl.Int64},
    )
    pairs = (
        table.group_by("user", "item")
        .agg(pl.col("evidence").sum(), pl.col("hidden").any(), pl.col("at_us").max())
        .with_columns(
            pl.when("hidden")
            .then(params.state_weights()[HIDE])
            .otherwise("evidence")
            .alias("evidence")
        )
        .filter(pl.col("evidence") != 0)
        .join(known, on="item")
    )
    pairs = believed(pairs, log, params.trust).sort("user", "row")
    users = pairs["user"].unique().sort().to_list()
    user_rows = pairs.join(
        pl.DataFrame(
            {"user": users, "user_row": range(len(users))}, schema_overrides={"user": pl.String}
        ),
        on="user",
        maintain_order="left",
    )["user_row"].to_numpy()
    places, shape = (user_rows, pairs["row"].to_numpy()), (len(users), heard.n_rows)
    evidence = sp.csr_matrix((pairs["evidence"].to_numpy().astype(np.float32), places), shape)
    latest_us = sp.csr_matrix((pairs["at_us"].to_numpy().astype(np.float64), places), shape)
    by_user = pairs.group_by("user").agg(pl.col("vouched").any()).sort("user")
    return Interactions(evidence, latest_us, users, len(log), by_user["vouched"].to_numpy())


def _decay(at: pl.Expr, params: ProfileParams, now_us: int) -> pl.Expr:
    if params.half_life_days == 0:
        return pl.lit(1.0)
    age_days = (now_us - at).clip(lower_bound=0) / DAY_US
    return pl.lit(2.0) ** (-age_days / params.half_life_days)


def votes(heard: CatalogueLog, params: ProfileParams) -> Votes:
    """Return the upvotes that stand in a log on items of the catalogue."""
    rows = heard.listed
    log = heard.events.filter(pl.col("item").is_in(list(rows)), vouched())
    log = log.unique(IDENTITY)
    found = _standing(log, params).filter(pl.col("state") == UPVOTE)
    voted = np.array([rows[item] for item in found["item"]], np.int64)
    return Votes(voted, found["at_us"].to_numpy().astype(np.int64))


def _standing(log: pl.DataFrame, params: ProfileParams) -> pl.DataFrame:
    """Return what stands of the states: user, item, state, and the instant that it stands since."""
    kinds = {n: k for n, k in params.kinds.items() if k.role in (Role.STATE, Role.CLEAR)}
    state = pl.col("kind").replace_strict({n: k.state for n, k in kinds.items()}, default=None)
    is_on = pl.col("kind").is_in([n for n, k in kinds.items() if k.role is Role.STATE])
    return (
        log.filter(pl.col("kind").is_in(list(kinds)))
        .with_columns(state.alias("state"), is_on.alias("on"))
        .sort("at_us", pl.col("on").not_())
        .group_by("user", "item", "state")
        .agg(pl.col("on").last(), pl.col("at_us").last())
        .filter("on")
        .drop("on")
    )


def _states(log: pl.DataFrame, params: ProfileParams, now_us: int) -> pl.DataFrame:
    weights = params.state_weights()
    return _standing(log, params).select(
        "user",
        "item",
        (
            pl.col("state").replace_strict(weights, default=0.0, return_dtype=pl.Float64)
            * _decay(pl.col("at_us"), params, now_us)
        ).alias("evidence"),
        (pl.col("state") == HIDE).alias("hidden"),
        "at_us",
    )


def _signals(log: pl.DataFrame, params: ProfileParams, now_us: int) -> pl.DataFrame:
    weights = params.signal_weights()
    weight = pl.col("kind").replace_strict(
        {n: w for n, (w, _) in weights.items()}, default=0.0, return_dtype=pl.Float64
    )
    unit = pl.col("kind").replace_strict(
        {n: u for n, (_, u) in weights.items()}, default=0.0, return_dtype=pl.Float64
    )
    value = pl.col("value_milli")
    amount = pl.when((unit > 0) & (value > 0)).then(value / 1000 / unit).otherwise(pl.col("count"))
    return (
        log.filter(pl.col("kind").is_in(list(weights)))
        .group_by("user", "item", "kind")
        .agg(
            pl.len().alias("count"),
            pl.col("value_milli").fill_null(0).sum(),
            pl.col("at_us").max(),
        )
        .select(
            "user",
            "item",
            (weight * (1 + amount).log(2) * _decay(pl.col("at_us"), params, now_us)).alias(
                "evidence"
            ),
            pl.lit(False).alias("hidden"),
            "at_us",
        )
    )
