"""Rows of any table: JSON objects or CSV, under the names of fields that we use.

Which column holds which field is said on the command line (`--column item=paper_id`); a column that
has the field's own name needs no saying. A table without a header has its columns named in their order
(`--columns user,item,rating,at`). Ids are text: of numbers, only whole ones are taken.
"""

import csv
from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.errors import InvalidError
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import NOT_TEXT, Content, is_text
from recsvc.sources.reading.place import Place, Problem
from recsvc.sources.records import Options

Row = dict[str, Any]

_DELIMITERS = ("\t", ";", "|", ",")
_DOUBLE = "::"  # as MovieLens has it
_LISTS_APART = (";", "|")


def columns(content: Content, options: Options) -> set[str] | None:
    """Return the names of a table's columns; None if it is no table."""
    form = _form(content, options)
    if form is not None:
        return set(form.first)
    header = _header(content, options)
    return None if header is None else set(header)


def holds(content: Content, options: Options, fields: set[str]) -> bool:
    """Return whether a table has all these fields, by their own or the names they were given."""
    found = columns(content, options)
    if found is None:
        return False
    return all(
        field in options.constants or options.columns.get(field, field) in found for field in fields
    )


def unused(content: Content, options: Options, fields: tuple[str, ...]) -> list[str]:
    """Return the columns that no field is read from."""
    used = {options.columns.get(field, field) for field in fields}
    return sorted((columns(content, options) or set()) - used)


def read(
    content: Content, options: Options, fields: tuple[str, ...]
) -> Iterator[tuple[Place, Row] | Problem]:
    """Yield the fields of each row; of CSV, empty cells are left out."""
    form = _form(content, options)
    found = _csv(content, options) if form is None else _json(content, form)
    for one in found:
        if isinstance(one, Problem):
            yield one
            continue
        place, raw = one
        row: Row = dict(options.constants)
        for field in fields:
            value = raw.get(options.columns.get(field, field))
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
        except (msgspec.MsgspecError, UnicodeError):
            return value
    return value


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
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            yield Problem(place.file, place.line, f"not a JSON object: {exc}", place.record)


def _form(content: Content, options: Options) -> json_records.Shape | None:
    return None if options.names else json_records.shape(content)


def _csv(content: Content, options: Options) -> Iterator[tuple[Place, dict[str, str]] | Problem]:
    header = _header(content, options)
    assert header is not None
    number, line = 0, 1
    try:
        for cells, next_line in _rows(content):
            at, line = line, next_line
            is_header = at == 1 and _cleaned(cells) == header
            if is_header or (at == 1 and not options.names) or not any(cells):
                continue
            number += 1
            if not all(map(is_text, cells)):
                yield Problem(content.file, at, NOT_TEXT, number)
                continue
            if len(cells) != len(header):
                detail = f"{len(cells)} cells where the header has {len(header)}"
                yield Problem(content.file, at, detail, number)
                continue
            filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
            yield Place(content.file, at, number), filled
    except csv.Error as exc:
        yield Problem(
            content.file, line, f"not CSV: {exc}; what follows cannot be read", number + 1
        )


def _rows(content: Content) -> Iterator[tuple[list[str], int]]:
    """Yield the cells of each row, and the line at which the next one begins."""
    mark = _delimiter(content)
    if mark == _DOUBLE:
        for n, line in enumerate(content.lines(), 2):
            yield (line.rstrip("\r").split(mark) if line.strip() else []), n
        return
    # With their ends: a cell in quotes may go over several.
    lines = (f"{line}\n" for line in content.lines())
    reader = csv.reader(lines, delimiter=mark, strict=True)
    for cells in reader:
        yield cells, reader.line_num + 1


def _header(content: Content, options: Options) -> list[str] | None:
    """Return the names of the columns: those that were said, or the first line if it looks like them."""
    first = content.head.partition("\n")[0].rstrip("\r")
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
    return names if len(names) > 1 and all(names) and len(set(names)) == len(names) else None


def _placed(names: tuple[str, ...]) -> list[str]:
    return [f"column {n}" if name == "-" else name for n, name in enumerate(names, 1)]


def _cleaned(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _delimiter(content: Content) -> str:
    """Return what divides the first line into most cells."""
    first = content.head.partition("\n")[0]
    if _DOUBLE in first and "\t" not in first:
        return _DOUBLE
    return max(_DELIMITERS, key=lambda mark: (first.count(mark), mark == ","))
