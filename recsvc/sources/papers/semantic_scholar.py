"""Semantic Scholar: recommendations, search and bulk answers, and lines of its datasets.

Its ids are names of papers elsewhere, too: `externalIds` holds the arXiv id and the DOI where there are
any. The datasets write the same keys in lower case. https://api.semanticscholar.org/api-docs/
"""

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
from recsvc.sources.records import Note, Options, Record, convert_each
from recsvc.sources.text.dates import at_best

NAME = "semantic-scholar"
TITLES_IDENTIFY = True

_LISTS = ("recommendedPapers", "data")
_URL = "https://www.semanticscholar.org/paper/"


class _Elsewhere(msgspec.Struct):
    arxiv: str | None = None
    doi: str | None = None
    corpusid: int | str | None = None


class _Author(msgspec.Struct):
    name: str | None = None


class _Field(msgspec.Struct):
    category: str


class _Summary(msgspec.Struct):
    text: str | None = None


class _Copy(msgspec.Struct):
    url: str | None = None


class _Paper(msgspec.Struct):
    """A record with its keys in lower case. Ids are text."""

    paperid: str | None = None
    corpusid: int | None = None
    externalids: _Elsewhere = msgspec.field(default_factory=_Elsewhere)
    title: str | None = None
    abstract: str | None = None
    url: str | None = None
    venue: str | None = None
    year: int | None = None
    publicationdate: str | None = None
    citationcount: int | None = None
    influentialcitationcount: int | None = None
    s2fieldsofstudy: list[_Field] | None = None
    authors: list[_Author] | None = None
    tldr: _Summary | None = None
    openaccesspdf: _Copy | None = None


def recognises(content: Content, options: Options) -> bool:
    """Return whether records carry one of its ids, or the answer is an empty one of it."""
    form = json_records.shape(content, _LISTS)
    if form is None:
        return False
    keys = {key.lower() for key in form.first}
    return ("paperid" in keys or keys >= {"corpusid", "externalids"}) or "recommendedpapers" in keys


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of an answer."""
    form = json_records.shape(content, _LISTS)
    assert form is not None
    if "recommendedPapers" in form.first:
        yield Note(content.file, "Semantic Scholar recommends nothing")
        return
    yield from convert_each(json_records.read(content, form), _convert)


def _convert(_: Place, raw: str) -> NewItem:
    found, left_out = loose(_lowered(msgspec.json.decode(raw, type=dict[str, Any])), _Paper)
    elsewhere = found.externalids
    corpus_id = found.corpusid or elsewhere.corpusid
    local = found.paperid or (f"CorpusId:{corpus_id}" if corpus_id else None)
    published_at = at_best(found.publicationdate)
    return paper(
        arxiv_id=arxiv_ids.of_record(elsewhere.arxiv) if elsewhere.arxiv else None,
        doi=elsewhere.doi,
        local_id=local,
        url=None if elsewhere.arxiv else found.url or (_URL + (found.paperid or "")),
        title=found.title,
        text=found.abstract,
        authors=[author.name or "" for author in found.authors or []],
        topics=[field.category for field in found.s2fieldsofstudy or []],
        published_at=published_at,
        listed_at=published_at,
        left_out=left_out,
        extra={
            "semantic_scholar_id": found.paperid,
            "corpus_id": corpus_id,
            "venue": found.venue,
            "year": found.year,
            "citations": found.citationcount,
            "influential_citations": found.influentialcitationcount,
            "tldr": None if found.tldr is None else found.tldr.text,
            "open_access_pdf": None if found.openaccesspdf is None else found.openaccesspdf.url,
        },
    )


def _lowered(found: dict[str, Any]) -> dict[str, Any]:
    """Return a record with keys in lower case, as the datasets write them."""
    lowered = {key.lower(): value for key, value in found.items()}
    elsewhere = lowered.get("externalids")
    if isinstance(elsewhere, dict):
        lowered["externalids"] = {key.lower(): value for key, value in elsewhere.items()}
    return {key: value for key, value in lowered.items() if value is not None}
