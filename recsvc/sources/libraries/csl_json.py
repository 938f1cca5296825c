"""CSL-JSON: the list of references that Zotero, Mendeley, pandoc and others exchange.

The schema says one thing and programs another: numbers come as text and text as lists, dates in parts,
as text or both, names in parts or whole. Everything is read as it comes; pandoc wraps the list in an
object, Crossref puts every title into a list. https://docs.citationstyles.org/en/stable/specification.html
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.sources.libraries.entry import entry
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry, Options, Record, convert_each
from recsvc.sources.text.publishing import Published, of_parts, published

NAME = "csl-json"
TITLES_IDENTIFY = True

_LISTS = ("references", "items")
_KEYS = {"DOI", "issued", "author", "container-title", "URL"}
_DATES = (
    "issued",
    "published",
    "published-print",
    "published-online",
    "original-date",
    "event-date",
)
_HINTS = (
    "URL",
    "number",
    "note",
    "archive_location",
    "archive",
    "container-title",
    "id",
    "publisher",
)

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def recognises(content: Content, options: Options) -> bool:
    """Return whether records are references: a type, and fields under the names of CSL."""
    form = json_records.shape(content, _LISTS)
    if form is None or not isinstance(form.first.get("type"), str):
        return False
    has_names = isinstance(form.first.get("author") or [], list)
    return "title" in form.first and has_names and bool(_KEYS & form.first.keys())


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the references of a list."""
    form = json_records.shape(content, _LISTS)
    assert form is not None
    yield from convert_each(json_records.read(content, form), _convert)


def _convert(place: Place, raw: str) -> LibraryEntry:
    found = _decode(raw)
    author = found.get("author")
    keywords = found.get("keyword") or found.get("categories") or []
    return entry(
        place,
        title=_text(found.get("title")),
        doi=_text(found.get("DOI")),
        hints=[_text(found.get(name)) for name in _HINTS],
        url=_text(found.get("URL")),
        text=_text(found.get("abstract")),
        authors=[_name(one) for one in author] if isinstance(author, list) else [],
        topics=_topics(keywords),
        date=next((when for name in _DATES if (when := _date(found.get(name)))), None),
        extra={"venue": _text(found.get("container-title"))},
    )


def _text(value: object) -> str | None:
    """Return a value as text: numbers as they are written, of a list its first member."""
    if isinstance(value, list):
        return _text(value[0]) if value else None
    return (
        str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    )


def _topics(value: object) -> list[str]:
    if isinstance(value, str):
        return [topic.strip() for topic in value.replace(";", ",").split(",")]
    return [text for one in value if (text := _text(one))] if isinstance(value, list) else []


def _name(one: object) -> str:
    """Return a name as it is spoken: particles before the family's name, a suffix behind it."""
    if not isinstance(one, dict):
        return _text(one) or ""
    whole = _text(one.get("literal")) or _text(one.get("name"))
    if whole:
        return whole
    given, family = _text(one.get("given")) or "", _text(one.get("family")) or ""
    for name in ("non-dropping-particle", "dropping-particle"):
        particle = _text(one.get(name)) or ""
        if particle and not family.lower().startswith(particle.lower()):
            family = f"{particle} {family}"
    spoken = f"{given} {family}".strip()
    suffix = _text(one.get("suffix"))
    return f"{spoken}, {suffix}" if suffix and spoken else spoken


def _date(value: object) -> Published | None:
    """Return the date of any of its forms; of a range its beginning."""
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return _date(value[0])
    if isinstance(value, list):
        return of_parts(value)
    if not isinstance(value, dict):
        return published(_text(value))
    is_about = bool(value.get("circa"))
    parts = value.get("date-parts") or [value.get(name) for name in ("year", "month", "day")]
    if isinstance(parts, list):
        first = parts[0] if isinstance(parts[0], list) else parts
        found = of_parts(first, is_about=is_about)
        if found is not None:
            return found
    said = (_text(value.get(name)) for name in ("raw", "literal", "date-time", "edtf"))
    return published(*said, is_about=is_about)
