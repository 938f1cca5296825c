"""Attribution: what readers did with what they were shown, place by place.

An act belongs to a place when it names the feed, is the same reader's, is on the item that stood there -
and at that position, where it names one - and came within a window after the list was served. Places on
which nobody acted stay: a feed without a click counts.
"""

import msgspec
import polars as pl

from recsvc.clock import HOUR_US, from_us
from workers.log.archive import Archive
from workers.log.exposures import ExposureFiles
from workers.log.schema import SCHEMA

WINDOW_HOURS = 24.0

# Kind of event -> the column that says whether it came.
ACTS = {
    "click": "clicked",
    "read": "has_read",
    "upvote": "upvoted",
    "save": "saved",
    "share": "shared",
    "hide": "hid",
}

_PLACE = ["feed_id", "user", "item"]
_TOP = 20


def places(exposures: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each place of exposures: `position`, `item`, `voice`, `propensity`, `team`."""
    lists = {
        "positions": "position",
        "items": "item",
        "voices": "voice",
        "propensities": "propensity",
        "teams": "team",
    }
    has_any = pl.col("positions").list.len() > 0
    # Files of a former release have no teams.
    nobodys = pl.lit(None, pl.Int8).repeat_by(pl.col("positions").list.len())
    whole = exposures.filter(has_any).with_columns(pl.col("teams").fill_null(nobodys))
    whole = whole.drop("speakers", "points", strict=False)
    return whole.explode(list(lists)).rename(lists)


def attributed(
    exposures: pl.LazyFrame, events: pl.LazyFrame, window_hours: float = WINDOW_HOURS
) -> pl.LazyFrame:
    """Return the places of exposures with a column of `ACTS` for each kind: whether it came.

    Args:
        events: as the archive has them.
    """
    shown = places(exposures)
    acts = events.filter(pl.col("kind").is_in(list(ACTS)) & pl.col("feed_id").is_not_null())
    acts = acts.select(*_PLACE, "kind", "received_us", named="position")
    stood = shown.select(*_PLACE, "position", "at_us")
    late_us = pl.col("received_us") - pl.col("at_us")
    is_there = pl.col("named").is_null() | (pl.col("named") == pl.col("position"))
    found = (
        acts.join(stood, on=_PLACE)
        .filter(is_there & late_us.is_between(0, int(window_hours * HOUR_US)))
        .group_by([*_PLACE, "at_us"])
        .agg([(pl.col("kind") == kind).any().alias(name) for kind, name in ACTS.items()])
    )
    joined = shown.join(found, on=[*_PLACE, "at_us"], how="left", maintain_order="left")
    return joined.with_columns(pl.col(*ACTS.values()).fill_null(value=False))


class Summary(msgspec.Struct, frozen=True):
    """How often what was shown led to something.

    Attributes:
        clicked_share: of lists, those on which anything was clicked.
        by_position, by_voice: a name, times shown, share clicked, share upvoted.
    """

    feeds: int
    readers: int
    clicked_share: float
    by_position: list[tuple[str, int, float, float]]
    by_voice: list[tuple[str, int, float, float]]


def attributed_since(
    files: ExposureFiles, archive: Archive, since_us: int, window_hours: float = WINDOW_HOURS
) -> pl.DataFrame:
    """Return the places of lists served since an instant, with what came of them, as files have it."""
    return files.despite_damage(
        lambda: attributed_in(files.scan(since_us), archive, since_us, window_hours).collect()
    )


def attributed_in(
    exposures: pl.LazyFrame, archive: Archive, since_us: int, window_hours: float = WINDOW_HOURS
) -> pl.LazyFrame:
    """Return the places of exposures since an instant with what the archive says came of them."""
    return attributed(exposures, events_since(archive, since_us), window_hours)


def events_since(archive: Archive, since_us: int) -> pl.LazyFrame:
    """Return what was logged since an instant, as files have it."""
    # A file's day is the one it was written on: what it holds was logged before.
    first = from_us(since_us).strftime("%Y-%m-%d")
    logged = [archive.scan(file) for file in archive.files() if file.parent.name >= first]
    events = pl.concat([pl.LazyFrame(schema=SCHEMA), *logged])
    return events.filter(pl.col("received_us") >= since_us)


def summary(found: pl.DataFrame) -> Summary:
    """Return how often what was shown led to something."""
    by_feed = found.group_by("feed_id").agg(pl.col("clicked").any())
    share = by_feed["clicked"].mean()
    return Summary(
        by_feed.height,
        found["user"].n_unique(),
        float(share) if isinstance(share, float) else 0.0,
        _rates(found.filter(pl.col("position") < _TOP), "position"),
        _rates(found, "voice"),
    )


def _rates(found: pl.DataFrame, by: str) -> list[tuple[str, int, float, float]]:
    rates = found.group_by(by).agg(pl.len(), pl.col("clicked").mean(), pl.col("upvoted").mean())
    return [(str(name), *figures) for name, *figures in rates.sort(by).iter_rows()]
