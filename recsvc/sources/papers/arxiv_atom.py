"""arXiv's search API: Atom feeds of https://export.arxiv.org/api/query.

An error is an entry, too: titled `Error`, with the reason as its summary.
https://info.arxiv.org/help/api/user-manual.html
"""

import re
from collections.abc import Iterator
from typing import Any

from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids
from recsvc.errors import InvalidError
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import feeds
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Note, Options, Record, convert_each
from recsvc.sources.text.dates import at_best

NAME = "arxiv-atom"
TITLES_IDENTIFY = True

_FEED = re.compile(r"<(?:\w+:)?feed\b[^>]*http://www\.w3\.org/2005/Atom")
_OURS = re.compile(r"//(?:export\.)?arxiv\.org/|http://arxiv\.org/schemas/atom")


def recognises(content: Content, options: Options) -> bool:
    """Return whether this is an Atom feed of arXiv's API."""
    head = content.head[:4096]
    return bool(_FEED.search(head) and _OURS.search(head)) and "rss.arxiv.org" not in head


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of an answer."""
    feed = feeds.parse(content)
    yield from convert_each(feed.entries, _convert)
    if feed.problem is not None:
        yield feed.problem
    elif not feed.entries:
        yield Note(content.file, "arXiv found nothing")


def _convert(_: Place, entry: dict[str, Any]) -> NewItem:
    return item_of(entry)


def item_of(entry: dict[str, Any]) -> NewItem:
    """Return an entry as an item.

    Raises:
        InvalidError: with arXiv's own words when the entry is an error.
    """
    if "/api/errors" in entry.get("id", ""):
        raise InvalidError(f"arXiv answered with an error: {entry.get('summary', '')}")
    published_at = at_best(entry.get("published"))
    return paper(
        arxiv_id=arxiv_ids.of_record(entry.get("id", "")),
        doi=entry.get("arxiv_doi"),
        title=entry.get("title"),
        text=entry.get("summary"),
        authors=entry["authors"],
        topics=entry["tags"],
        published_at=published_at,
        listed_at=published_at,
        written="tex",
        extra={
            "primary_category": entry.get("arxiv_primary_category"),
            "arxiv_comment": entry.get("arxiv_comment"),
            "journal_ref": entry.get("arxiv_journal_ref"),
            "updated_at": entry.get("updated"),
        },
    )
