"""Entries of a reader's library: what reference managers know of a paper, as the item it may be."""

import re
from datetime import UTC, datetime
from typing import Any

from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids, dois
from recsvc.errors import InvalidError
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading.place import Place
from recsvc.sources.records import LibraryEntry
from recsvc.sources.text.publishing import Published, published
from recsvc.sources.text.unwrapping import one_line

_UNTITLED = "untitled"
_WHOLE_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_WEB = re.compile(r"https?://[^\s;<>\"{}|\\^`]+")


def entry(
    place: Place,
    *,
    title: str | None,
    doi: str | None,
    hints: list[str | None],
    date: Published | str | None = None,
    url: str | None = None,
    added_at: datetime | None = None,
    **fields: Any,
) -> LibraryEntry:
    """Return an entry.

    Args:
        hints: where an arXiv id or a DOI may stand: identifiers and addresses first, then notes.
        date: of publication, as finely as it is known.
        added_at: when the reader added it.

    Raises:
        InvalidError: when neither a title nor an id says which paper it is.
    """
    arxiv_id = _arxiv_id([doi, url, *hints])
    doi = _doi(doi, [url, *hints])
    if not one_line(title) and not arxiv_id and doi is None:
        raise InvalidError("it has neither a title, an arXiv id nor a DOI", "title")
    address = _WEB.search(url or "")
    when = published(date) if isinstance(date, str) else date
    item = paper(
        title=one_line(title) or _UNTITLED,
        arxiv_id=arxiv_id,
        doi=doi,
        url=None if arxiv_id or doi or address is None else address[0],
        published_at=None if when is None else when.at,
        published_precision=None if when is None else when.precision,
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


def _arxiv_id(hints: list[str | None]) -> str | None:
    said = [hint for hint in hints if hint]
    whole = (arxiv_ids.found_in(hint) for hint in said)
    inside = (arxiv_ids.mentioned_in(hint) for hint in said)
    return next((found for found in (*whole, *inside) if found), None)


def _doi(said: str | None, hints: list[str | None]) -> str | None:
    """Return an entry's DOI: from its own field, else from where else it may stand; never arXiv's."""
    own = dois.found_in(said or "") or dois.mentioned_in(said or "")
    elsewhere = (dois.mentioned_in(hint) or dois.found_in(hint) for hint in hints if hint)
    found = own or next((doi for doi in elsewhere if doi), None)
    return None if found is None or arxiv_ids.found_in(found) else found


def _untitled(item: NewItem) -> NewItem:
    """Take back the stand-in for a title that is missing."""
    if item.title == _UNTITLED:
        item.title = ""
    return item
