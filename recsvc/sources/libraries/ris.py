"""RIS: rispy's typed door, one entry of a library per reference.

Exports differ in which tag holds the title, the DOI and the year; lines outside of `TY … ER` mean
nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

import rispy

from recsvc.errors import InvalidError
from recsvc.sources.libraries.entry import entry
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry, Options, Record, convert_each
from recsvc.sources.text.people import ris_names
from recsvc.sources.text.publishing import published

NAME = "ris"
TITLES_IDENTIFY = True

_START = re.compile(r"^[ \t]*TY[ ]{0,2}-[ ]?", re.MULTILINE)
_TAG = re.compile(r"^[A-Z][A-Z0-9]  - ?", re.MULTILINE)
_LOOSE = re.compile(r"^[ \t]*([A-Z][A-Z0-9])[ \t]{0,3}-(?:[ \t]|$)[ \t]*", re.MULTILINE)
_ADDRESS = re.compile(r"\s*(?:[a-z][a-z+.-]*:|www\.|10\.\d{4})", re.IGNORECASE)
_TITLES = ("title", "primary_title", "translated_title", "short_title")
_HINTS = (
    "accession_number", "journal_name", "alternate_title3", "alternate_title2", "type_of_work",
    "secondary_title", "number", "start_page", "publisher", "custom1", "custom7", "label",
)  # fmt: skip
_LINKS = ("file_attachments1", "file_attachments2", "figure", "custom2", "custom3")
_DATES = ("date", "year", "publication_year")
_NOTES = ("notes", "research_notes")


def recognises(content: Content, options: Options) -> bool:
    """Return whether a reference begins, and has fields."""
    start = _START.search(content.head)
    return start is not None and len(_LOOSE.findall(content.head, start.start())) > 1


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
        found: list[dict[str, Any]] = rispy.loads(_LOOSE.sub(r"\1  - ", text))
    except (ValueError, KeyError, TypeError, LookupError) as exc:  # on lines that are no fields
        raise InvalidError(f"not RIS: {exc}") from None
    if not found:
        raise InvalidError("the reference does not end (`ER  -` is missing)")
    return of_fields(place, found[0])


def of_fields(place: Place, fields: dict[str, Any]) -> LibraryEntry:
    """Return an entry from the fields of a reference, by rispy's names for its tags."""
    urls = _whole(_all(fields, "urls"))
    notes = [note for name in _NOTES for note in _all(fields, name)]
    links = [link for name in (*_LINKS, *_HINTS) for link in _all(fields, name)]
    return entry(
        place,
        title=_first(fields, _TITLES),
        doi=_first(fields, ("doi",)),
        hints=[*urls, *links, *notes],
        url=urls[0] if urls else None,
        text=_first(fields, ("abstract", "notes_abstract")),
        authors=[
            name
            for said in _all(fields, "authors") or _all(fields, "first_authors")
            for name in ris_names(said)
        ],
        topics=[
            t for keyword in _all(fields, "keywords") for t in re.split(r"\s*;\s*|\n", keyword)
        ],
        date=published(*(_first(fields, (name,)) for name in _DATES)),
        extra={"venue": _first(fields, ("journal_name", "secondary_title", "alternate_title3"))},
    )


def _whole(urls: list[str]) -> list[str]:
    """Return addresses that rispy divided at semicolons of their own, as old DOIs have them."""
    whole: list[str] = []
    for url in urls:
        if whole and not _ADDRESS.match(url):
            whole[-1] += f";{url}"
        else:
            whole.append(url)
    return whole


def _all(fields: dict[str, Any], name: str) -> list[str]:
    """Return what a tag says, however often it stands."""
    value = fields.get(name)
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one.strip()]


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names for found in _all(fields, name)), None)
