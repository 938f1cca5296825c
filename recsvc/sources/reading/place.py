"""Where in a file a record stands, and what was not understood there."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where in a file a record begins.

    Attributes:
        line: 1-based.
        record: its number among the file's records, 1-based.
    """

    file: str
    line: int
    record: int


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a file that was not understood.

    Attributes:
        line: 1-based.
        record: its number among the file's records, 1-based, where records are counted.
    """

    file: str
    line: int
    detail: str
    record: int | None = None


def problem(place: Place, detail: str) -> Problem:
    """Return that a record was not understood."""
    return Problem(place.file, place.line, detail, place.record)
