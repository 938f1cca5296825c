"""The figures of an hour, from the files of what was shown and done, and the catalogue."""

import msgspec
import polars as pl

from recsvc.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from recsvc.core.loop import (
    COLD_DAYS,
    MOST_NAMES,
    NO_TARGETS,
    Came,
    Hour,
    Named,
    TargetParams,
    Targets,
    gini,
)
from workers.log.archive import Archive
from workers.log.attribution import attributed_in, events_since, places
from workers.log.exposures import ExposureFiles

# So long after an hour everything of it is in files.
IN_FILES_US = 5 * MINUTE_US

NEVER_US = 2**62

CATALOGUE: dict[str, pl.DataType] = {
    "item": pl.String(),
    "created_us": pl.Int64(),
    "listed_us": pl.Int64(),
    "expires_us": pl.Int64(),
    "topics": pl.List(pl.String),
    "organisations": pl.List(pl.String),
}

_WEEK_US = 7 * DAY_US
# What makes an item popular.
_ACTS = ("click", "read", "upvote", "save", "share")
_READERS = 2_000  # whose lists are held against last week's


class Figures:
    """Counts hours, and remembers of one what the next needs again.

    Attributes:
        catalogue: as `CATALOGUE`.
    """

    def __init__(
        self, files: ExposureFiles, archive: Archive, targets: TargetParams = NO_TARGETS
    ) -> None:
        self._files = files
        self._targets = targets
        self._archive = archive
        self.catalogue = pl.DataFrame(schema=CATALOGUE)
        self._first_us: dict[str, int] | None = None
        self._counts: dict[int, pl.DataFrame] = {}
        self._popular: dict[int, pl.DataFrame] = {}

    def of(self, at_us: int, known: Hour | None, now_us: int) -> Hour:
        """Return the hour that begins at an instant, as it is known by now.

        Args:
            known: as it was counted before: once it was over, only its clicks are counted anew.
        """
        shown = self._files.scan(at_us, at_us + HOUR_US)
        came = self._with_arrivals(attributed_in(shown, self._archive, at_us)).collect()
        is_cold = pl.col("at_us") - pl.col("created_us") < COLD_DAYS * DAY_US
        voices, cold = _by_voice(came), _came(came.filter(is_cold))
        if known is not None and known.counted_us >= at_us + HOUR_US + IN_FILES_US:
            return msgspec.structs.replace(known, counted_us=now_us, voices=voices, cold=cold)
        hour = Hour(at_us=at_us, counted_us=now_us, voices=voices, cold=cold)
        return self._whole(hour, shown.collect(), came)

    def _whole(self, hour: Hour, shown: pl.DataFrame, came: pl.DataFrame) -> Hour:
        """Return an hour with everything but what was clicked, which it has."""
        end_us = hour.at_us + HOUR_US
        listed = self.catalogue.filter(
            (pl.col("listed_us") <= hour.counted_us) & (pl.col("expires_us") > hour.counted_us)
        )
        counts = self._of_the_day(hour, came).join(listed, on="item", how="semi")
        lists = shown.unique("feed_id", maintain_order=True)
        novelty, drift = self._novelty(hour, came, listed.height)
        echo = repeated = None
        if hour.counted_us >= end_us:
            echo, repeated = self._echo(hour.at_us, came)
        first = self._first_shown(hour.at_us, shown)
        young = listed.filter(pl.col("created_us").is_between(end_us - _WEEK_US, end_us))
        met = first.filter(pl.col("first_us") >= hour.at_us).with_columns(
            waited_us=(pl.col("first_us") - pl.col("created_us")).clip(0)
        )
        return msgspec.structs.replace(
            hour,
            share=_number(shown["share"].min(), 1.0),
            lists=lists.height,
            readers=shown["user"].n_unique(),
            fallback=_mean(lists["source"] != "personal"),
            coverage=counts.height / listed.height if counts.height else None,
            gini=gini(counts["n"].to_numpy(), listed.height),
            novelty=novelty,
            drift=drift,
            echo=echo,
            repeated=repeated,
            n_first=met.height,
            first_s=_scaled(met["waited_us"].median(), SECOND_US),
            n_waiting=young.join(first, on="item", how="anti").height,
            topics=_named("topics", came, listed, self._targets.topics),
            organisations=_named("organisations", came, listed, self._targets.organisations),
        )

    def _with_arrivals(self, came: pl.LazyFrame) -> pl.LazyFrame:
        """Return places with what the catalogue knows of their items."""
        about = self.catalogue.lazy().select("item", "created_us", "topics", "organisations")
        return came.join(about, on="item", how="left", maintain_order="left")

    def _of_the_day(self, hour: Hour, came: pl.DataFrame) -> pl.DataFrame:
        """Return how many places each item had in the day that ends with an hour."""
        counts = [_per_item(came.lazy())]
        for at_us in range(hour.at_us - DAY_US + HOUR_US, hour.at_us, HOUR_US):
            found = self._counts.get(at_us)
            if found is None:
                found = _per_item(places(self._files.scan(at_us, at_us + HOUR_US)))
            if at_us + HOUR_US + IN_FILES_US <= hour.counted_us:
                self._counts[at_us] = found
            counts.append(found)
        oldest_us = hour.at_us - 2 * DAY_US
        self._counts = {at: found for at, found in self._counts.items() if at > oldest_us}
        return pl.concat(counts).group_by("item").agg(pl.col("n").sum())

    def _novelty(
        self, hour: Hour, came: pl.DataFrame, n_listed: int
    ) -> tuple[float | None, float | None]:
        """Return how little known what was shown is, and how much better known than what is acted on."""
        popular = self._acts_before(hour)
        n_acts = _number(popular["acts"].sum())
        total = max(n_acts + n_listed, 1.0)
        bits = -((pl.col("acts").fill_null(0) + 1) / total).log(2)
        told = came.select("item").join(popular, on="item", how="left").select(bits.alias("bits"))
        novelty = _mean(told["bits"])
        if novelty is None or n_acts == 0:
            return novelty, None
        acted = popular.select((bits * pl.col("acts")).sum()).item() / n_acts
        return novelty, acted - novelty

    def _acts_before(self, hour: Hour) -> pl.DataFrame:
        """Return how often items were acted on in the week before an hour."""
        at_us = hour.at_us
        found = self._popular.get(at_us)
        if found is None:
            is_then = pl.col("received_us").is_between(at_us - _WEEK_US, at_us, closed="left")
            acts = events_since(self._archive, at_us - _WEEK_US)
            acts = acts.filter(is_then & pl.col("kind").is_in(_ACTS))
            found = acts.group_by("item").agg(pl.len().cast(pl.Int64).alias("acts")).collect()
        if at_us + IN_FILES_US <= hour.counted_us:
            self._popular = {at_us: found}
        return found

    def _echo(self, at_us: int, came: pl.DataFrame) -> tuple[float | None, float | None]:
        """Return how alike what readers were shown is to the day a week before, by topic and by item."""
        readers = came["user"].unique().sort().sample(fraction=1, shuffle=True, seed=at_us % 2**31)
        chosen = pl.DataFrame({"user": readers.head(_READERS)})
        a_week_ago_us = at_us + HOUR_US // 2 - _WEEK_US
        served = self._files.scan(a_week_ago_us - DAY_US // 2, a_week_ago_us + DAY_US // 2)
        then = places(served.join(chosen.lazy(), on="user", how="semi"))
        before = self._with_arrivals(then).collect()
        now = came.join(before, on="user", how="semi")
        items = now.unique(["user", "item"]).join(
            before.unique(["user", "item"]).select("user", "item", again=pl.lit(value=True)),
            on=["user", "item"],
            how="left",
        )
        again = items.group_by("user").agg(pl.col("again").fill_null(value=False).mean())
        both = _topic_shares(now).join(_topic_shares(before), on=["user", "topics"], how="left")
        least = pl.min_horizontal("share", pl.col("share_right").fill_null(0))
        alike = both.group_by("user").agg(least.sum().alias("alike"))
        return _mean(alike["alike"]), _mean(again["again"])

    def _first_shown(self, at_us: int, shown: pl.DataFrame) -> pl.DataFrame:
        """Return which items of the last week were in somebody's own list by an hour's end, and when."""
        end_us = at_us + HOUR_US
        if self._first_us is None:
            oldest_us = at_us - _WEEK_US - DAY_US
            self._first_us = dict(_first_personal(self._files.scan(oldest_us)).iter_rows())
        for item, first_us in _first_personal(shown.lazy()).iter_rows():
            self._first_us[item] = min(first_us, self._first_us.get(item, NEVER_US))
        arrived = self.catalogue.select("item", "created_us")
        young = arrived.filter(pl.col("created_us") >= at_us - _WEEK_US - DAY_US)
        schema = {"item": pl.String, "first_us": pl.Int64}
        met = pl.DataFrame(list(self._first_us.items()), schema=schema, orient="row")
        met = met.join(young, on="item")
        self._first_us = dict(met.select("item", "first_us").iter_rows())
        is_young = pl.col("created_us") >= end_us - _WEEK_US
        return met.filter(is_young & (pl.col("first_us") < end_us))


def _by_voice(came: pl.DataFrame) -> dict[str, Came]:
    return {str(voice): _came(part) for (voice,), part in sorted(came.group_by("voice"))}


def _came(part: pl.DataFrame) -> Came:
    return Came(part.height, int(part["clicked"].sum()))


def _per_item(shown: pl.LazyFrame) -> pl.DataFrame:
    return shown.group_by("item").agg(pl.len().cast(pl.Int64).alias("n")).collect()


def _first_personal(shown: pl.LazyFrame) -> pl.DataFrame:
    """Return when each item first stood in somebody's own list."""
    own = places(shown.filter(pl.col("source") == "personal"))
    return own.group_by("item").agg(pl.col("at_us").min()).collect()


def _topic_shares(shown: pl.DataFrame) -> pl.DataFrame:
    """Return which share of what each reader was shown is of each topic."""
    told = shown.explode("topics").drop_nulls("topics").group_by("user", "topics").len()
    return told.with_columns(share=pl.col("len") / pl.col("len").sum().over("user"))


def _named(column: str, came: pl.DataFrame, listed: pl.DataFrame, targets: Targets) -> list[Named]:
    """Return the topics or organisations shown most, each with its share of places and of items.

    Those with a target are among them, however little they were shown, where anything was.
    """
    shown, there = (
        frame.explode(column).drop_nulls(column).group_by(column).len() for frame in (came, listed)
    )
    ordered = shown.sort(["len", column], descending=[True, False])
    most, rest = ordered.head(MOST_NAMES), ordered.slice(MOST_NAMES)
    wanted = pl.DataFrame({column: list(targets)}, schema={column: pl.String})
    others = wanted.join(most, on=column, how="anti").join(rest, on=column, how="left")
    if came.height:
        most = pl.concat([most, others.select(most.columns).cast(most.schema)])
    both = most.join(there, on=column, how="left", maintain_order="left").fill_null(0)
    n_places, n_items = came.height, max(listed.height, 1)
    return [
        Named(name, n / n_places, m / n_items, targets.get(name)) for name, n, m in both.iter_rows()
    ]


def _mean(column: pl.Series) -> float | None:
    return _scaled(column.mean())


def _scaled(value: object, unit: float = 1.0) -> float | None:
    return value / unit if isinstance(value, int | float) else None


def _number(value: object, otherwise: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
