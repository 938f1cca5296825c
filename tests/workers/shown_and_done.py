"""Files of what readers were shown and did, written as a worker would have."""

from itertools import islice

import polars as pl

from workers.log.archive import Archive
from workers.log.exposures import EXPOSURES, ExposureFiles
from workers.log.schema import SCHEMA

DONE = ("entry_ms", "feed_id", "user", "item", "position", "kind", "received_us")


def write_shown(files: ExposureFiles, shown: list[tuple], at_us: int) -> None:
    """Write what was shown: rows of `EXPOSURES`, or of as many of its columns as they have."""
    schema = dict(islice(EXPOSURES.items(), len(shown[0])))
    told = pl.DataFrame(shown, schema=schema, orient="row").lazy()
    files.write(told.match_to_schema(EXPOSURES, missing_columns="insert").collect(), at_us)


def write_done(archive: Archive, done: list[tuple], at_us: int) -> None:
    """Write what was done: rows of `DONE`."""
    events = pl.DataFrame(done, schema={n: SCHEMA[n] for n in DONE}, orient="row")
    whole = events.lazy().match_to_schema(SCHEMA, missing_columns="insert").collect()
    archive.write(whole.with_columns(shard=pl.lit(0, pl.Int32)), {0: "9-9"}, at_us)
