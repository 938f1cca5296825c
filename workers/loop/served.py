"""What came of personal lists, by hour, reader and model: for models that are held against each other.

Acts count that came soon after a list was served, and lists for which that time has passed: else the
latest model's would always have led to less.
"""

import polars as pl

from recsvc.clock import DAY_US, HOUR_US, MINUTE_US
from workers.log.archive import Archive
from workers.log.attribution import attributed_in
from workers.log.exposures import ExposureFiles
from workers.loop.figures import IN_FILES_US

SOON_US = 10 * MINUTE_US
KEPT_US = 8 * DAY_US

_BY = ["hour", "user", "snapshot_id", "variants"]
_SCHEMA: dict[str, pl.DataType] = {
    "hour": pl.Int64(),
    "user": pl.UInt64(),
    "snapshot_id": pl.String(),
    "variants": pl.String(),
    "places": pl.Int64(),
    "acted": pl.Int64(),
}


class Served:
    """Counts hours that are over once, and what is new at each look."""

    def __init__(self, files: ExposureFiles, archive: Archive) -> None:
        self._files = files
        self._archive = archive
        self._over = pl.DataFrame(schema=_SCHEMA)
        self._until_us: int | None = None

    def by(self, now_us: int, late_us: int) -> pl.DataFrame:
        """Return places and those acted on of the last eight days, by `_BY`.

        Args:
            late_us: so long what was shown and done may not be in files yet.
        """
        settled_us = (now_us - SOON_US - max(late_us, IN_FILES_US)) // HOUR_US * HOUR_US
        oldest_us = settled_us - KEPT_US
        while (since_us := max(self._until_us or 0, oldest_us)) < settled_us:
            until_us = min(since_us + DAY_US, settled_us)
            found = self._counted(since_us, until_us)
            self._over = pl.concat([self._over, found]).filter(
                pl.col("hour") >= oldest_us // HOUR_US
            )
            self._until_us = until_us
        latest = self._counted(settled_us, now_us - SOON_US - late_us)
        return pl.concat([self._over, latest])

    def _counted(self, since_us: int, until_us: int) -> pl.DataFrame:
        # What an experiment shows of another model says nothing of the one that is served.
        own = self._files.scan(since_us, until_us).filter(
            (pl.col("source") == "personal")
            & pl.col("snapshot_id").is_not_null()
            & ~pl.col("is_tried").fill_null(value=False)
        )
        whole = own.with_columns(pl.col("variants").list.join(" "), hour=pl.col("at_us") // HOUR_US)
        places = attributed_in(whole, self._archive, since_us, SOON_US / HOUR_US)
        acted = pl.any_horizontal("clicked", "has_read", "upvoted", "saved", "shared")
        counts = (
            pl.len().cast(pl.Int64).alias("places"),
            acted.cast(pl.Int64).sum().alias("acted"),
        )
        # What is remembered here names nobody: a reader may be erased meanwhile.
        told = places.with_columns(pl.col("user").hash())
        return told.group_by(_BY).agg(counts).collect()
