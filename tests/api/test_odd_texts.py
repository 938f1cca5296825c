"""Texts that nobody means and somebody sends: on pages, in feeds, files and lists they do no harm."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.service import Service
from tests.sources.reading import read_text

ODD = {
    "right-to-left": "مرحبا بالعالم: دراسة جديدة", "chinese": "深度学习的注意力机制研究综述",
    "combining": "e\u0301" * 20 + "Z\u0335\u0321\u0322" * 30, "invisible": "zero\u200bwidth\ufeffmark",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈 families", "control": "a\x00b\x07c\x1b[31md\x7f\x85e",
    "header": "Fine\r\nBcc: victim@example.net\r\n\r\nBody", "formula": r"$\int_0^1 x^2\,dx$",
    "nested": "<p><b><i>" * 100 + "deep" + "</i></b></p>" * 100, "script": "<script>alert(1)</script>Ok",
    "image": "<img src=x onerror=alert(1)>", "data": "data:text/html,<script>alert(1)</script>",
    "long": "y" * 1_000, "backslashes": "\\" * 300, "dollars": "$" * 400, "braces": "{" * 500,
    "quotes": "\"'`" * 100,
    "template": "{{7*7}}{% x %}", "nobody's": "\ue000\uffff\ufdd0 private",
    "entities": "&#0;&#x1F600;&#xD800;&lt;b&gt;", "form": "%s %(x)s {0} {x!r}",
    "cdata": "]]><!-- end",
    "tex": r"\input{/etc/passwd} \def\x{\x}\x", "separators": "a\u2028b\u2029c",
    "ris": "ER  - \nTY  - x",
    "bibtex": '@article{x, title = "}{"',
}  # fmt: skip
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufdd0\ufffe\uffff]")


@pytest.fixture(scope="module")
def odd(service: Service) -> Service:
    def item(name: str, text: str) -> dict[str, object]:
        return {
            "id": f"odd/{name}", "title": text[:1_000], "text": text * 3, "authors": [text[:300]],
            "topics": [text[:90], "odd-texts"], "extra": {"venue": text, "doi": text},
            "organisation": {"slug": text[:50], "name": text[:100]},
        }  # fmt: skip

    stored = service.put_all([item(name, text) for name, text in ODD.items()])
    assert stored["rejected"] == []
    for name in ODD:
        service.act("odd reader", "save", f"odd/{name}")
    return service


@pytest.mark.parametrize("name", ODD)
def test_a_page_shows_it_and_runs_nothing(odd: Service, name: str):
    for path in (f"/papers/odd%2F{name}", f"/papers/odd%2F{name}.md", f"/api/papers/odd/{name}"):
        answer = odd.http.get(path)
        assert answer.status_code == 200, path
    page = odd.http.get(f"/papers/odd%2F{name}").text
    assert not UNPRINTABLE.search(page)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert not re.search(r'href="(?!https?://|/|#|\?)', page)


@pytest.mark.parametrize("name", ODD)
def test_it_is_searched_for_as_it_stands_and_found_by_its_id(odd: Service, name: str):
    text = ODD[name].strip()
    for path in ("/v1/search", "/search", "/feeds/search.rss"):
        assert odd.http.get(path, params={"q": text}).status_code in (200, 400), path
    assert odd.ids("/v1/search", q=f"odd/{name}", limit=1) == [f"odd/{name}"]


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
def test_feeds_hold_all_of_it(odd: Service, ending: str):
    answer = odd.http.get(f"/feeds/new.{ending}", params={"topic": "odd-texts", "limit": 100})

    n = (
        len(answer.json()["items"])
        if ending == "json"
        else len(re.findall("<(?:item|entry)>", answer.text))
    )
    assert n == len(ODD)
    if ending != "json":
        ET.fromstring(answer.content)


@pytest.mark.parametrize("form", ["bibtex", "ris", "csl-json"])
def test_no_text_breaks_a_file_of_references(odd: Service, form: str):
    answer = odd.http.get("/v1/saves", params={"user": "odd reader", "format": form})
    found = read_text(answer.text)

    assert (len(found.entries), found.problems) == (len(ODD), [])
