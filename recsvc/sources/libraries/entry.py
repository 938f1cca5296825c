"""Entries of a reader's library: what reference managers know of a paper, as the item it may be."""

import re
from datetime import UTC, datetime
from typing import Any

from recsvc.core.items.item import NewItem
from recsvc.errors import InvalidError
from recsvc.sources.naming import arxiv_ids, dois
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry
from recsvc.sources.text.unwrapping import one_line

_UNTITLED = "untitled"
_WHOLE_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_WEB = re.compile(r"https?://[^\s;]+")


def entry(
    place: Place,
    *,
    title: str | None,
    doi: str | None,
    hints: list[str | None],
    date: str | None = None,
    url: str | None = None,
    added_at: datetime | None = None,
    **fields: Any,
) -> LibraryEntry:
    """Return an entry.

    Args:
        hints: where an arXiv id may stand: identifiers and addresses first, then notes.
        date: of publication; only a whole one says when.
        added_at: when the reader added it.

    Raises:
        InvalidError: when neither a title nor an id says which paper it is.
    """
    arxiv_id = _arxiv_id([doi, url, *hints])
    if not one_line(title) and not arxiv_id and not dois.found_in(doi or ""):
        raise InvalidError("it has neither a title, an arXiv id nor a DOI", "title")
    address = _WEB.match(url or "")
    item = paper(
        title=one_line(title) or _UNTITLED,
        arxiv_id=arxiv_id,
        doi=doi,
        url=None if arxiv_id or doi or address is None else address[0],
        published_at=whole_date(date),
        **fields,
    )
    return LibraryEntry(place, _untitled(item), added_at)


def whole_date(text: str | None) -> datetime | None:
    """Return the day a text begins with; None where it names less than a day."""
    match = _WHOLE_DATE.match(text or "")
    if match is None:
        return None
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError:
        return None


def natural(name: str) -> str:
    """Return `Last, First` as `First Last`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() else last.strip()


def _arxiv_id(hints: list[str | None]) -> str | None:
    said = [hint for hint in hints if hint]
    whole = (arxiv_ids.found_in(hint) for hint in said)
    inside = (arxiv_ids.mentioned_in(hint) for hint in said)
    return next((found for found in (*whole, *inside) if found), None)


def _untitled(item: NewItem) -> NewItem:
    """Take back the stand-in for a title that is missing."""
    if item.title == _UNTITLED:
        item.title = ""
    return item
