"""Addresses in abstracts are links to what they say, and nothing else becomes markup."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.pages.paper import links_of
from recsvc.api.pages.tex import with_links
from recsvc.core.items.item import StoredItem


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Code: https://github.com/a/b.", ["https://github.com/a/b"]),
        ("(see https://x.org/a_(b)) and", ["https://x.org/a_(b)"]),
        ("at http://x.org/?a=1&b=2, too", ["http://x.org/?a=1&b=2"]),
        ("[https://x.org]; https://y.org!", ["https://x.org", "https://y.org"]),
        ("javascript:alert(1) ftp://x.org https:// nothttps://x.org", []),
        ('https://x.org/"onclick="alert(1)', ["https://x.org/"]),
    ],
)
def test_what_is_an_address_is_linked_without_the_sentence_around_it(
    text: str, addresses: list[str]
):
    assert [unescape(one) for one in re.findall(r'href="([^"]*)"', with_links(text))] == addresses


@given(st.lists(st.sampled_from(["https://x.org/", "<b>", '"', "&", ")", " ", ".", "é", "'"])))
def test_any_text_reads_as_before(parts: list[str]):
    text = "".join(parts)
    markup = with_links(text)

    assert unescape(re.sub(r"</?a\b[^>]*>", "", markup)) == text
    assert "<b>" not in markup


def test_a_paper_without_an_address_is_sought_by_its_title():
    (sought,) = links_of(StoredItem(id="a", title="Snails & $x^2$", created_us=0))

    assert sought.href == "https://arxiv.org/search/?searchtype=title&query=Snails+%26+x%5E2"
    known = StoredItem(id="a", title="Snails", url="https://x.org", created_us=0)
    assert [link.label for link in links_of(known)] == ["Read the paper"]
