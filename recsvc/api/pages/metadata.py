"""What a paper's page tells programs: citation tags, Open Graph, JSON-LD.

Reference managers and Google Scholar read `citation_…` (scholar.google.com, "inclusion"), messengers
and networks Open Graph (ogp.me), search engines a schema.org/ScholarlyArticle. All of it says what the
page shows, in characters.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from recsvc.api.pages.site import Site
from recsvc.core.citing.people import parts
from recsvc.core.citing.reference import Reference, reference
from recsvc.core.items.address import web_address
from recsvc.core.items.item import StoredItem
from recsvc.core.text.display import excerpt, printable
from recsvc.core.text.display import readable as in_characters

_DESCRIPTION = 300


class Metadata(msgspec.Struct, frozen=True):
    """What stands in the head of a paper's page.

    Attributes:
        named: `<meta name>` and what it says, in order.
        properties: `<meta property>` and what it says, in order.
        article: a ScholarlyArticle, which the template escapes: no text may end the script it is in.
    """

    named: list[tuple[str, str]]
    properties: list[tuple[str, str]]
    article: dict[str, Any]


def readable(text: str) -> str:
    """Return a text as programs get it: characters, and none that a page cannot hold."""
    return printable(in_characters(text))


def metadata(item: StoredItem, site: Site) -> Metadata:
    """Return what a paper's page tells programs."""
    cited = reference(item)
    page = f"{site.url}/papers/{quote(item.id, safe='')}"
    description = readable(excerpt(item.text, _DESCRIPTION))
    named = [
        ("description", description),
        *_citation(cited, item, page),
        ("twitter:card", "summary"),
    ]
    properties = [
        ("og:type", "article"),
        ("og:site_name", site.name),
        ("og:title", readable(item.title)),
        ("og:description", description),
        ("og:url", page),
        ("og:image", web_address(item.extra.get("thumbnail")) or ""),
        ("article:published_time", _date(cited, "-")),
    ]
    return Metadata(
        [(name, said) for name, said in named if said],
        [(name, said) for name, said in properties if said],
        _article(cited, page),
    )


def _citation(cited: Reference, item: StoredItem, page: str) -> Iterator[tuple[str, str]]:
    yield "citation_title", readable(cited.title)
    yield from (("citation_author", readable(name)) for name in cited.authors)
    yield "citation_publication_date", _date(cited, "/")
    yield "citation_journal_title", readable(cited.venue or "")
    yield "citation_doi", cited.doi or ""
    yield "citation_arxiv_id", cited.arxiv_id or ""
    yield "citation_pdf_url", _pdf(cited, item)
    yield "citation_abstract_html_url", page
    yield "citation_public_url", cited.url or ""
    yield "citation_keywords", "; ".join(cited.topics)


def _article(cited: Reference, page: str) -> dict[str, Any]:
    names = [("arXiv", cited.arxiv_id), ("DOI", cited.doi)]
    known = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "@id": page,
        "url": page,
        "headline": readable(cited.title),
        "abstract": readable(cited.text),
        "author": [_person(readable(name)) for name in cited.authors],
        "datePublished": _date(cited, "-"),
        "keywords": list(cited.topics),
        "identifier": [
            {"@type": "PropertyValue", "propertyID": name, "value": value}
            for name, value in names
            if value
        ],
        "sameAs": [link for link in (cited.url, *cited.links) if link],
        "isPartOf": {"@type": "Periodical", "name": readable(cited.venue)} if cited.venue else None,
    }
    return {name: value for name, value in known.items() if value}


def _person(name: str) -> dict[str, str]:
    return {"@type": "Organization" if parts(name) is None else "Person", "name": name}


def _date(cited: Reference, between: str) -> str:
    """Return year, month and day as far as they are known, `2015-03`."""
    numbers = cited.date_parts
    return between.join(f"{n:0{4 if i == 0 else 2}}" for i, n in enumerate(numbers))


def _pdf(cited: Reference, item: StoredItem) -> str:
    if cited.arxiv_id:
        return f"https://arxiv.org/pdf/{cited.arxiv_id}"
    return web_address(item.extra.get("open_access_pdf")) or ""
