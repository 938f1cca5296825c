"""arXiv's snapshot on Kaggle: one JSON object per line, `arxiv-metadata-oai-snapshot.json`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids
from recsvc.sources.fitting import loose
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Options, Record, convert_each
from recsvc.sources.text.dates import at_best
from recsvc.sources.text.unwrapping import names

NAME = "arxiv-kaggle"
TITLES_IDENTIFY = True


class _Version(msgspec.Struct):
    version: str = ""
    created: str = ""


class _Record(msgspec.Struct, rename={"journal_ref": "journal-ref"}):
    """A line; what is not named here is not read. Ids are text from the first byte on."""

    id: str
    title: str
    abstract: str | None = None
    submitter: str | None = None
    authors: str | None = None
    authors_parsed: list[list[str]] = msgspec.field(default_factory=list)
    categories: str | None = None
    comments: str | None = None
    journal_ref: str | None = None
    doi: str | None = None
    license: str | None = None
    versions: list[_Version] = msgspec.field(default_factory=list)
    update_date: str | None = None


def recognises(content: Content, options: Options) -> bool:
    """Return whether the first record is one of the snapshot's."""
    form = json_records.shape(content)
    return form is not None and form.first.keys() >= {"id", "title", "abstract", "categories"}


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of the snapshot."""
    form = json_records.shape(content)
    assert form is not None
    yield from convert_each(json_records.read(content, form), _convert)


def _convert(_: Place, raw: str) -> NewItem:
    record, left_out = loose(msgspec.json.decode(raw, type=dict[str, Any]), _Record)
    published_at = at_best(record.versions[0].created) if record.versions else None
    return paper(
        arxiv_id=arxiv_ids.of_record(record.id),
        doi=record.doi,
        title=record.title,
        text=record.abstract,
        authors=[_name(parts) for parts in record.authors_parsed] or names(record.authors),
        topics=(record.categories or "").split(),
        published_at=published_at,
        listed_at=published_at,
        left_out=left_out,
        extra={
            "primary_category": next(iter((record.categories or "").split()), None),
            "arxiv_comment": record.comments,
            "journal_ref": record.journal_ref,
            "license": record.license,
            "arxiv_submitter": record.submitter,
            "versions": len(record.versions),
            "updated_at": record.update_date,
        },
    )


def _name(parts: list[str]) -> str:
    """Return a name from its last, first and suffix."""
    last, first, suffix = (*parts, "", "", "")[:3]
    return f"{first} {last}{', ' if suffix else ''}{suffix}".strip()
