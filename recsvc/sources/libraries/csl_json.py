"""CSL-JSON: the list of references that Zotero, Mendeley, pandoc and others exchange."""

from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.sources.libraries.entry import entry
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry, Options, Record, convert_each

NAME = "csl-json"
TITLES_IDENTIFY = True


class _Name(msgspec.Struct):
    family: str = ""
    given: str = ""
    literal: str = ""

    @property
    def whole(self) -> str:
        return self.literal or f"{self.given} {self.family}".strip()


class _Date(msgspec.Struct, rename={"parts": "date-parts"}):
    parts: list[list[int | str]] = msgspec.field(default_factory=list)

    @property
    def text(self) -> str:
        return "-".join(str(part) for part in self.parts[0]) if self.parts else ""


class _Reference(
    msgspec.Struct, rename={"doi": "DOI", "url": "URL", "container": "container-title"}
):
    type: str
    title: str | None = None
    abstract: str | None = None
    author: list[_Name] = msgspec.field(default_factory=list)
    issued: _Date | None = None
    doi: str | None = None
    url: str | None = None
    number: str | int | None = None
    note: str | None = None
    container: Any = None


_decode = msgspec.json.Decoder(_Reference).decode
_KEYS = {"DOI", "issued", "author", "container-title", "URL"}


def recognises(content: Content, options: Options) -> bool:
    """Return whether records are references: a type, and fields under the names of CSL."""
    form = json_records.shape(content)
    if form is None or not isinstance(form.first.get("type"), str):
        return False
    has_names = isinstance(form.first.get("author", []), list)
    return "title" in form.first and has_names and bool(_KEYS & form.first.keys())


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the references of a list."""
    form = json_records.shape(content)
    assert form is not None
    yield from convert_each(json_records.read(content, form), _convert)


def _convert(place: Place, raw: str) -> LibraryEntry:
    found = _decode(raw)
    return entry(
        place,
        title=found.title,
        doi=found.doi,
        hints=[found.url, str(found.number or ""), found.note],
        url=found.url,
        text=found.abstract,
        authors=[name.whole for name in found.author],
        date=None if found.issued is None else found.issued.text,
        extra={"venue": found.container if isinstance(found.container, str) else None},
    )
