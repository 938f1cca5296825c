"""Rows of JSON as a Parquet file, however many there are."""

from pathlib import Path

import polars as pl

TEXT = pl.String()
TEXTS = pl.List(pl.String)
NUMBER = pl.Int64()
MEASURE = pl.Float64()
TRUTH = pl.Boolean()
INSTANT = pl.Datetime("us", "UTC")

_TYPES: dict[str, pl.DataType] = {
    "authors": TEXTS,
    "topics": TEXTS,
    "aliases": TEXTS,
    "owners": TEXTS,
    "n_authors": NUMBER,
    "upvotes": NUMBER,
    "comments": NUMBER,
    "items": NUMBER,
    "shown": NUMBER,
    "position": NUMBER,
    "value": MEASURE,
    "hidden": TRUTH,
}


def from_lines(lines: Path, to: Path, columns: tuple[str, ...], instants: tuple[str, ...]) -> None:
    """Write JSON lines as Parquet; memory does not grow with them.

    Args:
        instants: columns that hold instants (µs).
    """
    schema = {n: NUMBER if n in instants else _TYPES.get(n, TEXT) for n in columns}
    there = [name for name in columns if name in instants]
    rows = pl.scan_ndjson(lines, schema=schema).with_columns(pl.col(there).cast(INSTANT))
    rows.sink_parquet(to, compression="zstd")
