"""Rows of any table: JSON objects or CSV, under the names of fields that we use.

Which column holds which field is said on the command line (`--column item=paper_id`); a column that
has the field's own name, or one that others usually give it, needs no saying. A table without a header
has its columns named in their order (`--columns user,item,rating,at`). Ids are text: of numbers, only
whole ones are taken.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from recsvc.core.fitting import UNREADABLE
from recsvc.core.text.cells import from_cell
from recsvc.errors import InvalidError
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import NOT_TEXT, Content, is_text
from recsvc.sources.reading.place import Place, Problem
from recsvc.sources.records import TOO_DEEP, Note, Options
from recsvc.sources.tables.names import columns_of

Row = dict[str, Any]

_DELIMITERS = ("\t", ";", "|", ",")
_DOUBLE = "::"  # as MovieLens has it
_SAID_MARK = re.compile(r'"?sep=([\t;|,])"?\r?\n', re.IGNORECASE)  # Excel's own line before a table
_LISTS_APART = (";", "|")

# Of a cell: more than any field takes. A quote that is never closed costs as much and no more.
csv.field_size_limit(4_000_000)


def columns(content: Content, options: Options) -> set[str] | None:
    """Return the names of a table's columns; None if it is no table."""
    form = _form(content, options)
    if form is not None:
        return set(form.first)
    header = _header(content, options)
    return None if header is None else set(header)


def holds(content: Content, options: Options, fields: set[str]) -> bool:
    """Return whether a table has all these fields, by whatever names."""
    wanted = fields - options.constants.keys()
    return len(_placed_fields(content, options, sorted(wanted))) == len(wanted)


def calls(content: Content, options: Options, field: str) -> bool:
    """Return whether a table has a field by its own name, or as was said."""
    own = options.columns.get(field, field)
    return field in options.constants or own in (columns(content, options) or ())


def notes(content: Content, options: Options, fields: Sequence[str]) -> Iterator[Note]:
    """Yield which columns were taken for which fields unasked, and which are not read."""
    found = _placed_fields(content, options, fields)
    own = options.columns
    guessed = [f"{column} as {f}" for f, column in found.items() if column != own.get(f, f)]
    if guessed:
        yield Note(
            content.file, f"read {', '.join(guessed)} (--column FIELD=COLUMN says otherwise)"
        )
    unread = sorted((columns(content, options) or set()) - set(found.values()))
    if unread:
        yield Note(content.file, f"not read: {', '.join(unread)} (--column FIELD=COLUMN)")


def read(
    content: Content, options: Options, fields: Sequence[str]
) -> Iterator[tuple[Place, Row] | Problem]:
    """Yield the fields of each row; of CSV, empty cells are left out."""
    form = _form(content, options)
    # Of JSON a later object may have what the first had not.
    held = {field: options.columns.get(field, field) for field in fields}
    held |= _placed_fields(content, options, fields)
    found = _csv(content, options) if form is None else _json(content, form)
    for one in found:
        if isinstance(one, Problem):
            yield one
            continue
        place, raw = one
        row: Row = dict(options.constants)
        for field, column in held.items():
            value = raw.get(column)
            if value is not None:
                row[field] = value
        yield place, row


def identity(value: object, field: str) -> str:
    """Return an id as text.

    Raises:
        InvalidError: for a fraction: 2503.02130 read as a number is 2503.0213, another id.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidError(f"{field}: {value!r} is not text; as a number it may lack digits", field)


def listed(value: object) -> object:
    """Return a cell that holds several values, apart by `;` or `|`, or a JSON list, as a list."""
    value = nested(value)
    if not isinstance(value, str):
        return value
    mark = next((mark for mark in _LISTS_APART if mark in value), None)
    parts = [value] if mark is None else value.split(mark)
    return [part.strip() for part in parts if part.strip()]


def nested(value: object) -> object:
    """Return what a cell holds as JSON, a list or an object; any other as it is."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except (*UNREADABLE, UnicodeError):
            return value
    return value


def _placed_fields(content: Content, options: Options, fields: Sequence[str]) -> dict[str, str]:
    """Return by field which column holds it; a field that has one value in all rows needs none."""
    missing = [field for field in fields if field not in options.constants]
    return columns_of(missing, sorted(columns(content, options) or ()), options.columns)


def _json(
    content: Content, form: json_records.Shape
) -> Iterator[tuple[Place, dict[str, Any]] | Problem]:
    for one in json_records.read(content, form):
        if isinstance(one, Problem):
            yield one
            continue
        place, raw = one
        try:
            yield place, msgspec.json.decode(raw, type=dict[str, Any])
        except RecursionError:
            yield Problem(place.file, place.line, TOO_DEEP, place.record)
        except UNREADABLE as exc:
            yield Problem(place.file, place.line, f"not a JSON object: {exc}", place.record)


def _form(content: Content, options: Options) -> json_records.Shape | None:
    return None if options.names else json_records.shape(content)


def _csv(content: Content, options: Options) -> Iterator[tuple[Place, dict[str, str]] | Problem]:
    header = _header(content, options)
    assert header is not None
    number, line = 0, 1
    first = 1 if _said_mark(content) is None else 2
    for cells, next_line in _rows(content):
        at, line = line, next_line
        if at < first:
            continue
        if isinstance(cells, list):
            is_header = at == first and _cleaned(cells) == header
            if is_header or (at == first and not options.names) or not any(cells):
                continue
        number += 1
        wrong = _wrong(cells, len(header), next_line - at)
        if wrong is not None or isinstance(cells, csv.Error):
            yield Problem(content.file, at, wrong or "", number)
            continue
        pairs = zip(header, cells, strict=True)
        filled = {name: from_cell(cell) for name, cell in pairs if cell.strip()}
        yield Place(content.file, at, number), filled


def _wrong(cells: list[str] | csv.Error, width: int, n_lines: int) -> str | None:
    """Return what is wrong with a row, if anything is."""
    if isinstance(cells, csv.Error):
        lost = f"; {n_lines} lines from here on cannot be read" if n_lines > 1 else ""
        return f"not CSV: {cells}{lost}"
    if not all(map(is_text, cells)):
        return NOT_TEXT
    return None if len(cells) == width else f"{len(cells)} cells where the header has {width}"


def _rows(content: Content) -> Iterator[tuple[list[str] | csv.Error, int]]:
    """Yield the cells of each row, or why there are none, and the line at which the next one begins."""
    mark = _delimiter(content)
    if mark == _DOUBLE:
        for n, line in enumerate(content.lines(), 2):
            yield (line.rstrip("\r").split(mark) if line.strip() else []), n
        return
    lines = _Lines(content)
    reader = csv.reader(lines, delimiter=mark, strict=True)
    begun = 0
    while True:
        try:
            cells: list[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            cells = exc
            if lines.n > begun + 1 and not lines.is_over:
                lines.again()  # a quote too many: where it ended, another row began
        begun = lines.n
        yield cells, begun + 1


class _Lines:
    """The lines of a table with their ends, since a cell in quotes may go over several.

    Attributes:
        n: how many were read.
        is_over: whether there are no more.
    """

    def __init__(self, content: Content) -> None:
        self.n = 0
        self.is_over = False
        self._lines = content.lines()
        self._last = ""
        self._is_again = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        """Return the next line."""
        if not self._is_again:
            try:
                self._last = f"{next(self._lines)}\n"
            except StopIteration:
                self.is_over = True
                raise
        self._is_again = False
        self.n += 1
        return self._last

    def again(self) -> None:
        """Have the last line come once more."""
        self._is_again = True
        self.n -= 1


def _header(content: Content, options: Options) -> list[str] | None:
    """Return the names of the columns: those that were said, or the first line if it looks like them."""
    first = _first(content)
    mark = _delimiter(content)
    try:
        cells = (
            first.split(mark) if mark == _DOUBLE else next(csv.reader([first], delimiter=mark), [])
        )
    except csv.Error:
        return None
    if options.names:
        unread = [f"column {n}" for n in range(len(options.names) + 1, len(cells) + 1)]
        return [*_placed(options.names), *unread]
    names = _cleaned(cells)
    said = [name for name in names if name]
    # A column without a name is what spreadsheets leave behind a row, and data frames before it.
    return _placed(names) if len(said) > 1 and len(set(said)) == len(said) else None


def _said_mark(content: Content) -> re.Match[str] | None:
    """Return the line before a table that says what divides its cells, as spreadsheets write it."""
    return _SAID_MARK.match(content.head)


def _first(content: Content) -> str:
    """Return the first line of the table itself."""
    said = _said_mark(content)
    return content.head[said.end() if said else 0 :].partition("\n")[0].rstrip("\r")


def _placed(names: Sequence[str]) -> list[str]:
    return [f"column {n}" if name in ("", "-") else name for n, name in enumerate(names, 1)]


def _cleaned(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _delimiter(content: Content) -> str:
    """Return what divides the first line into most cells."""
    if (said := _said_mark(content)) is not None:
        return said[1]
    first = _first(content)
    if _DOUBLE in first and "\t" not in first:
        return _DOUBLE
    return max(_DELIMITERS, key=lambda mark: (first.count(mark), mark == ","))
