"""RIS: rispy's typed door, one entry of a library per reference.

Exports differ in which tag holds the title; lines outside of `TY … ER` mean nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

import rispy

from recsvc.errors import InvalidError
from recsvc.sources.libraries.entry import entry, natural
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry, Options, Record, convert_each

NAME = "ris"
TITLES_IDENTIFY = True

_START = re.compile(r"^TY  - ?", re.MULTILINE)
_TAG = re.compile(r"^[A-Z][A-Z0-9]  - ?", re.MULTILINE)
_TITLES = ("title", "primary_title", "short_title")
_HINTS = ("accession_number", "journal_name", "alternate_title3")
_DATES = ("date", "year", "publication_year")


def recognises(content: Content, options: Options) -> bool:
    """Return whether a reference begins, and has fields."""
    start = _START.search(content.head)
    return start is not None and len(_TAG.findall(content.head, start.start())) > 1


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the references of a file; one that does not end is reported, not guessed at."""
    yield from convert_each(_references(content), _convert)


def _references(content: Content) -> Iterator[tuple[Place, str]]:
    """Yield the text from each `TY` to the next."""
    text = content.text()
    starts = [match.start() for match in _START.finditer(text)]
    for number, (at, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True), 1):
        yield Place(content.file, text.count("\n", 0, at) + 1, number), text[at:end]


def _convert(place: Place, text: str) -> LibraryEntry:
    try:
        found: list[dict[str, Any]] = rispy.loads(text)
    except (ValueError, KeyError, TypeError) as exc:  # what it raises on lines that are no fields
        raise InvalidError(f"not RIS: {exc}") from None
    if not found:
        raise InvalidError("the reference does not end (`ER  -` is missing)")
    fields = found[0]
    urls = [url for url in fields.get("urls", []) if url]
    return entry(
        place,
        title=_first(fields, _TITLES),
        doi=fields.get("doi"),
        hints=[*urls, *(fields.get(name) for name in _HINTS), *fields.get("notes", [])],
        url=urls[0] if urls else None,
        text=fields.get("abstract") or fields.get("notes_abstract"),
        authors=[natural(a) for a in fields.get("authors") or fields.get("first_authors") or []],
        topics=fields.get("keywords"),
        date=_first(fields, _DATES),
        extra={"venue": _first(fields, ("journal_name", "secondary_title", "alternate_title3"))},
    )


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((fields[name] for name in names if fields.get(name)), None)
