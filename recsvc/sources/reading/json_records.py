"""Records in JSON: a list, one object per line, or a list inside an object - whole even if cut off.

A parser of whole documents says nothing about a file that ends in the middle. Here records are taken one
after another, each as its own text, so that all that are whole come through and the rest has a place.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from recsvc.sources.reading.content import NOT_TEXT, Content, is_text
from recsvc.sources.reading.place import Place, Problem

_scan = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"\s*")
_BETWEEN = re.compile(r"\s*,?\s*")
_LIST = re.compile(r'(?<!\\)"([A-Za-z]+)"\s*:\s*\[\s*\{')


class Shape(msgspec.Struct, frozen=True):
    """How records lie in a file.

    Attributes:
        container: `list`; `lines`, one object per line; `inside`, a list inside an object; `one`.
        key: of the list inside the object.
        start: where the list begins.
        first: the first record.
    """

    container: Literal["list", "lines", "inside", "one"]
    first: dict[str, Any]
    start: int = 0
    key: str = ""


def shape(content: Content, keys: tuple[str, ...] = ()) -> Shape | None:
    """Return how records lie in a file; None if it holds no JSON objects.

    Args:
        keys: names of lists inside an object that hold records.
    """
    head = content.head
    start = _after(_SPACE, head, 0)
    if head.startswith("[", start):
        first = _first(head, _after(_SPACE, head, start + 1))
        return None if first is None else Shape("list", first, start + 1)
    if not head.startswith("{", start):
        return _after_cut_line(head)
    for match in _LIST.finditer(head):
        if match[1] in keys:
            at = head.index("[", match.end(1)) + 1
            first = _first(head, _after(_SPACE, head, at))
            return None if first is None else Shape("inside", first, at, match[1])
    first = _first(head, start)
    if first is None:
        return _after_cut_line(head)
    line = head[start:].partition("\n")[0]
    return Shape("lines" if _is_object(line) else "one", first, start)


def _after_cut_line(head: str) -> Shape | None:
    """Return the shape of lines of which the first is no record: a log that was rotated."""
    line = head.partition("\n")[2].partition("\n")[0]
    return Shape("lines", _first(line.strip(), 0) or {}) if _is_object(line) else None


def read(content: Content, form: Shape) -> Iterator[tuple[Place, str] | Problem]:
    """Yield the JSON text of each record, and what was not understood."""
    if form.container == "lines":
        return _lines(content)
    if form.container == "one":
        return iter([(Place(content.file, 1, 1), content.text())])
    return _elements(content, form.start)


def _lines(content: Content) -> Iterator[tuple[Place, str] | Problem]:
    number = 0
    for n, line in enumerate(content.lines(), 1):
        if line.strip():
            number += 1
            if is_text(line):
                yield Place(content.file, n, number), line
            else:
                yield Problem(content.file, n, NOT_TEXT, number)


def _elements(content: Content, start: int) -> Iterator[tuple[Place, str] | Problem]:
    text = content.text()
    line, counted = 1, 0
    at = _after(_SPACE, text, start)
    number = 0
    while not text.startswith("]", at):
        line, counted = line + text.count("\n", counted, at), at
        number += 1
        try:
            _, end = _scan(text, at)
        except (json.JSONDecodeError, RecursionError) as exc:
            yield Problem(content.file, line, _why(text, at, exc), number)
            return
        yield Place(content.file, line, number), text[at:end]
        at = _after(_BETWEEN, text, end)


def _why(text: str, at: int, exc: Exception) -> str:
    """Return why there is no record at a place: the file ends there, or it is no JSON."""
    if at >= len(text):
        return "the file ends before its list does: it seems to be cut off here"
    if isinstance(exc, json.JSONDecodeError) and (
        exc.pos >= len(text) - 1 or exc.msg.startswith("Unterminated string")
    ):
        return "the file ends in the middle of this record; all before it are whole"
    return f"not JSON: {exc}; what follows cannot be read"


def _first(text: str, at: int) -> dict[str, Any] | None:
    try:
        found, _ = _scan(text, at)
    except (json.JSONDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_object(line: str) -> bool:
    return _first(line.strip(), 0) is not None and _scan(line.strip())[1] == len(line.strip())


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()
