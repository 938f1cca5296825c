"""arXiv's daily announcements: RSS and Atom of https://rss.arxiv.org.

New papers and cross-lists are listed on the day of their announcement; replacements are no news and are
left out. A feed without entries is a weekend or a holiday, not an error.
"""

import re
from collections.abc import Iterator
from typing import Any

from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import feeds
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Note, Options, Record, convert_each
from recsvc.sources.text.dates import at_best
from recsvc.sources.text.unwrapping import names

NAME = "arxiv-rss"
TITLES_IDENTIFY = True

_ABSTRACT = re.compile(r"\A\s*arXiv:\S+\s+Announce Type:.*?\n\s*Abstract:\s*", re.DOTALL)


def recognises(content: Content, options: Options) -> bool:
    """Return whether this is a feed of announcements."""
    head = content.head[:4096]
    return ("<rss" in head or "<feed" in head) and (
        "rss.arxiv.org" in head or "arxiv:announce_type" in head
    )


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers announced."""
    feed = feeds.parse(content)
    fresh = [(p, e) for p, e in feed.entries if not _is_replacement(e)]
    yield from convert_each(fresh, _convert)
    if feed.problem is not None:
        yield feed.problem
    elif not feed.entries:
        yield Note(content.file, "nothing was announced: a weekend or a holiday")
    if len(fresh) < len(feed.entries):
        n = len(feed.entries) - len(fresh)
        yield Note(content.file, f"{n} replacements of earlier papers were left out")


def _is_replacement(entry: dict[str, Any]) -> bool:
    return str(entry.get("arxiv_announce_type", "")).startswith("replace")


def _convert(_: Place, entry: dict[str, Any]) -> NewItem:
    authors = [name for author in entry["authors"] for name in names(author)]
    return paper(
        arxiv_id=arxiv_ids.of_record(entry.get("link") or entry.get("id", "")),
        doi=entry.get("arxiv_doi"),
        title=entry.get("title"),
        text=_ABSTRACT.sub("", entry.get("summary", "")),
        authors=authors,
        topics=entry["tags"],
        listed_at=at_best(entry.get("published")),
        written="tex",
        extra={
            "announce_type": entry.get("arxiv_announce_type"),
            "journal_ref": entry.get("arxiv_journal_reference"),
            "license": entry.get("rights"),
        },
    )
