"""The table of the event log, as the archive keeps it: one row per entry."""

import polars as pl

SCHEMA: dict[str, pl.DataType] = {
    "shard": pl.Int32(),
    "entry_ms": pl.Int64(),
    "entry_seq": pl.Int64(),
    "user": pl.String(),
    "item": pl.String(),
    "kind": pl.String(),
    "at_us": pl.Int64(),
    "received_us": pl.Int64(),
    "event_id": pl.String(),
    "feed_id": pl.String(),
    "position": pl.Int32(),
    "value_milli": pl.Int64(),
    "source": pl.String(),
    "trust": pl.String(),
    "network": pl.String(),
}
