"""Files of rows: JSON lines, CSV and Parquet, written a row at a time."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from recsvc.cli.export_rows import INSTANTS, Row, filled, says_nothing
from recsvc.clock import to_us
from recsvc.core.text.cells import as_cell

_encode = msgspec.json.Encoder().encode


class Writer(Protocol):
    """Takes rows."""

    def write(self, row: Row) -> None:
        """Write a row."""


class Lines:
    """JSON lines; what says nothing is left out."""

    def __init__(self, file: IO[bytes], *, whole: bool = False) -> None:
        self._file = file
        self._whole = whole

    def write(self, row: Row) -> None:
        """Write a row."""
        self._file.write(_encode(row if self._whole else filled(row)) + b"\n")


class Table:
    """CSV with a header; lists and objects are JSON in their cell."""

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._text = _Encoded(file)
        self._csv = csv.DictWriter(self._text, columns, lineterminator="\n")
        self._csv.writeheader()

    def write(self, row: Row) -> None:
        """Write a row."""
        self._csv.writerow({name: _cell(value) for name, value in row.items()})


class Columns:
    """What becomes Parquet: rows with instants as numbers and objects as JSON."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, row: Row) -> None:
        """Write a row."""
        self._file.write(
            _encode({name: _plain(name, value) for name, value in row.items()}) + b"\n"
        )


@contextmanager
def opened(to: Path | None) -> Iterator[IO[bytes]]:
    """Open a file, which is there when it is whole; without a path, what the command prints."""
    if to is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = to.with_name(f"{to.name}.tmp")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


class _Encoded:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())


def _cell(value: Any) -> str:
    if says_nothing(value):
        return ""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case tuple() | list() | dict():
            return _encode(value).decode()
        case str():
            return as_cell(value)
    return str(value)


def _plain(name: str, value: Any) -> Any:
    if name in INSTANTS and value is not None:
        return to_us(value)
    return _encode(value).decode() if isinstance(value, dict) else value
