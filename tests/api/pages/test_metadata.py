"""The head of a paper's page, read as reference managers, messengers and search engines read it."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from recsvc.api.pages.metadata import metadata
from recsvc.api.pages.site import Site
from recsvc.core.items.item import StoredItem
from tests.service import Service

PAPER = {
    "id": "10.1000/meta",
    "title": r'A "quoted" <EOS> & $\mathbb{R}^n$ </script><script>alert(1)</script>',
    "text": "What it says. </script><!-- " + "Sentence after sentence. " * 60,
    "authors": ["Jane Doe", "Ludwig van Beethoven", "WHO"],
    "topics": ["cs.CL"],
    "published_at": "2015-03-01T00:00:00Z",
    "published_precision": "month",
    "url": "https://doi.org/10.1000/meta",
    "extra": {
        "doi": "10.1000/meta", "arxiv_id": "1503.00099", "venue": "J. of X", "thumbnail": "data:x",
    },
}  # fmt: skip
SITE = Site("Daily Papers", "https://x.example", False, True, frozenset(), True)
TITLE = 'A "quoted" <EOS> & ℝ^n </script><script>alert(1)</script>'


class Head(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, str]] = []
        self.scripts: list[dict[str, str | None]] = []
        self.data = ""
        self.links: dict[str, str] = {}
        self._in_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        known = dict(attrs)
        if tag == "meta" and "content" in known:
            self.tags.append((known.get("name") or known.get("property", ""), known["content"]))
        if tag == "link":
            self.links.setdefault(known["rel"], known["href"])
        if tag == "script":
            self.scripts.append(known)
            self._in_data = known.get("type") == "application/ld+json"

    def handle_endtag(self, tag: str) -> None:
        self._in_data = self._in_data and tag != "script"

    def handle_data(self, data: str) -> None:
        self.data += data if self._in_data else ""

    def all(self, name: str) -> list[str]:
        return [said for known, said in self.tags if known == name]


@pytest.fixture(scope="module")
def head(service: Service) -> Head:
    service.put_all([PAPER])
    return Head(service.http.get("/papers/10.1000%2Fmeta").text)


def test_reference_managers_read_all_of_a_paper(head: Head):
    expected = {
        "citation_title": [TITLE],
        "citation_author": PAPER["authors"],
        "citation_publication_date": ["2015/03"],
        "citation_journal_title": ["J. of X"],
        "citation_doi": ["10.1000/meta"],
        "citation_arxiv_id": ["1503.00099"],
        "citation_pdf_url": ["https://arxiv.org/pdf/1503.00099"],
        "citation_keywords": ["cs.CL"],
    }

    assert {name: head.all(name) for name in expected} == expected


def test_messengers_read_title_text_and_address(service: Service, head: Head):
    assert head.all("og:title") == [TITLE]
    assert head.all("og:type") == ["article"]
    assert head.all("og:url") == [f"{service.http.base_url}/papers/10.1000%2Fmeta"]
    assert head.links["canonical"] == f"{service.http.base_url}/papers/10.1000%2Fmeta"
    (said,) = head.all("og:description")
    assert said.startswith("What it says. </script><!-- ")
    assert len(said) < 320
    assert head.all("og:image") == [], "nothing but an address of the web"


def test_search_engines_read_an_article_that_cannot_leave_its_script(head: Head):
    found = json.loads(head.data)

    assert found["@type"] == "ScholarlyArticle"
    assert (found["headline"], found["datePublished"]) == (TITLE, "2015-03")
    assert [one["@type"] for one in found["author"]] == ["Person", "Person", "Organization"]
    assert found["abstract"].startswith("What it says. </script><!--")
    assert all(one.get("src") or one["type"] == "application/ld+json" for one in head.scripts)


def test_what_is_not_known_is_not_said():
    found = metadata(StoredItem(id="x", title="Only a title", created_us=1), SITE)

    said = [name for name, _ in [*found.named, *found.properties]]
    assert said == [
        "citation_title", "citation_abstract_html_url", "twitter:card",
        "og:type", "og:site_name", "og:title", "og:url",
    ]  # fmt: skip
    assert found.article.keys() == {"@context", "@type", "@id", "url", "headline"}
