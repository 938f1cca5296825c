"""feedparser's typed door: Atom and RSS to plain entries."""

import re
from collections.abc import Iterator
from typing import Any

import feedparser
import msgspec

from recsvc.errors import UnknownFormatError
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place, Problem

_ENTRY = re.compile(r"<(?:entry|item)[\s>]")
_END = re.compile(r"</(?:entry|item)\s*>")


class Feed(msgspec.Struct, frozen=True):
    """A feed.

    Attributes:
        title: its own.
        total: how many results there are in all, of which the feed may be a part.
        entries: whole ones, their texts as feedparser names them; `authors` and `tags` are lists of
            texts, of `arxiv_primary_category` it is the term.
        problem: where the feed ends or breaks off before its time.
    """

    title: str
    total: int | None
    entries: list[tuple[Place, dict[str, Any]]]
    problem: Problem | None


def parse(content: Content) -> Feed:
    """Parse a feed as it is: titles may hold what looks like HTML (`<EOS>`), and stay so.

    Raises:
        UnknownFormatError: when it cannot be parsed at all.
    """
    text = content.text()
    try:
        found = feedparser.parse(text.encode(), sanitize_html=False, resolve_relative_uris=False)
    except (ValueError, LookupError) as exc:  # of an encoding that is none
        raise UnknownFormatError(f"{content.file}: this feed cannot be parsed: {exc}") from None
    lines = list(_lines(text))
    # Of a feed that is cut off, feedparser makes an entry out of what is left of the last one.
    whole = len(_END.findall(text))
    places = [Place(content.file, line, n) for n, line in enumerate(lines, 1)]
    entries = list(zip(places, found.entries, strict=False))[:whole]
    problem = None
    if len(lines) > whole:
        detail = "the file ends in the middle of this record; all before it are whole"
        problem = Problem(content.file, lines[whole], detail, whole + 1)
    elif found.bozo and not re.search(r"</(?:feed|rss|rdf:RDF)\s*>\s*\Z", text):
        problem = Problem(content.file, text.count("\n") + 1, "the file ends before its feed does")
    total = found.feed.get("opensearch_totalresults")
    return Feed(
        str(found.feed.get("title", "")),
        int(total) if total and str(total).isdigit() else None,
        [(place, _plain(entry)) for place, entry in entries],
        problem,
    )


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry whose fields are what they should be, whatever stood in their place."""
    texts = {name: value for name, value in entry.items() if isinstance(value, str)}
    category = _named([entry.get("arxiv_primary_category")], "term")
    return texts | {
        "authors": _named(entry.get("authors"), "name"),
        "tags": _named(entry.get("tags"), "term"),
        "arxiv_primary_category": next(iter(category), None),
    }


def _named(found: object, name: str) -> list[str]:
    members = found if isinstance(found, list) else []
    values = (member.get(name) for member in members if isinstance(member, dict))
    return [value for value in values if isinstance(value, str) and value]


def _lines(text: str) -> Iterator[int]:
    """Yield the line on which each entry begins."""
    line, counted = 1, 0
    for match in _ENTRY.finditer(text):
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        yield line
