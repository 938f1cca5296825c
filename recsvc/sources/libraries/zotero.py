"""Zotero: items of its web API and of Better BibTeX's JSON, with the day each was added."""

from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.sources.fitting import loose
from recsvc.sources.libraries.entry import entry
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry, Options, Record, convert_each
from recsvc.sources.text.dates import at_best

NAME = "zotero"
TITLES_IDENTIFY = True

_LISTS = ("items",)
_NO_PAPERS = {"attachment", "note", "annotation"}


class _Creator(msgspec.Struct, rename="camel"):
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    creator_type: str = "author"

    @property
    def whole(self) -> str:
        return self.name or f"{self.first_name} {self.last_name}".strip()


class _Tag(msgspec.Struct):
    tag: str = ""


_NAMES = {
    "item_type": "itemType",
    "abstract": "abstractNote",
    "doi": "DOI",
    "archive_id": "archiveID",
    "date_added": "dateAdded",
    "venue": "publicationTitle",
    "proceedings": "proceedingsTitle",
    "book": "bookTitle",
}


class _Data(msgspec.Struct, rename=_NAMES):
    item_type: str
    title: str | None = None
    creators: list[_Creator] = msgspec.field(default_factory=list)
    abstract: str | None = None
    date: str | None = None
    doi: str | None = None
    url: str | None = None
    extra: str | None = None
    archive_id: str | None = None
    tags: list[_Tag] = msgspec.field(default_factory=list)
    date_added: str | None = None
    venue: str | None = None
    proceedings: str | None = None
    book: str | None = None
    repository: str | None = None


def recognises(content: Content, options: Options) -> bool:
    """Return whether records are Zotero's items, alone or wrapped in `data`."""
    form = json_records.shape(content, _LISTS)
    if form is None:
        return False
    inner = form.first.get("data")
    return "itemType" in (inner if isinstance(inner, dict) else form.first)


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of a library; attachments and notes are not among them."""
    form = json_records.shape(content, _LISTS)
    assert form is not None
    yield from convert_each(json_records.read(content, form), _convert)


def _said(found: dict[str, Any]) -> dict[str, Any]:
    """Return a record without fields that say nothing, numbers as the texts that they should be."""
    return {
        name: str(value) if isinstance(value, int | float) else value
        for name, value in found.items()
        if value is not None and not isinstance(value, bool)
    }


def _convert(place: Place, raw: str) -> LibraryEntry | None:
    outer = msgspec.json.decode(raw, type=dict[str, Any])
    inner = outer.get("data")
    found, left_out = loose(_said(inner if isinstance(inner, dict) else outer), _Data)
    if found.item_type in _NO_PAPERS:
        return None
    return entry(
        place,
        title=found.title,
        doi=found.doi,
        hints=[found.archive_id, found.url, *(found.extra or "").splitlines()],
        url=found.url,
        text=found.abstract,
        authors=[creator.whole for creator in found.creators if creator.creator_type == "author"],
        topics=[tag.tag for tag in found.tags],
        date=found.date,
        added_at=at_best(found.date_added),
        left_out=left_out,
        extra={"venue": found.venue or found.proceedings or found.book},
    )
