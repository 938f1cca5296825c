"""Formulae in texts: drawn where they are some, and never a way to bring in markup."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.pages.tex import with_formulae

PIECES = st.sampled_from((
    "$", "$$", "\\", "{", "}", "_", "^", "&", "<", ">", '"', "x", "1", " ", "\\frac", "\\text{",
    "\\href{", "\\style{", "\\left(", "\\right)", "\\begin{matrix}", "\\end{matrix}", "<script>",
    "</math>", "\\def\\a",
))  # fmt: skip


class Markup(HTMLParser):
    """Collects what a browser would take for elements and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("we need $O(n)$ steps", ["O(n)"]),
        ("$x_1$, $$x_2$$ and $x$", ["x1", "x2", "x"]),
        ("between $5 and $10", []),
        ("$5 to $x$", ["x"]),
        (r"\$5 is $\alpha$", ["α"]),
        ("$ x $ and $", []),
        (r"$\unheard{x}$", []),
        (r"$\frac{1}{$", []),
        (r"$\def\a{\a\a}\a$", []),
    ],
)
def test_what_stands_between_dollars_is_drawn_unless_it_is_a_price(text: str, drawn: list[str]):
    found = re.findall(r"<math[^>]*>(.*?)</math>", with_formulae(text))

    assert [re.sub(r"<[^>]+>", "", one) for one in found] == drawn


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//evil.example)}{x}",
        r"\text{</math><img src=x onerror=alert(1)>}",
        r"\mathrm{<b>}",
    ],
)
def test_no_formula_brings_markup_of_its_own(tex: str):
    found = Markup(with_formulae(f"before ${tex}$ after"))

    assert found.tags <= {"math", "mrow", "mi", "mo", "mtext", "mstyle"}
    assert found.attributes <= {"xmlns", "display", "mathvariant", "stretchy"}


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_can_be_shown(text: str):
    found = Markup(with_formulae(text))

    assert all(tag.startswith("m") for tag in found.tags)
    assert not {"href", "style", "src"} & found.attributes


def test_text_without_formulae_is_escaped_and_nothing_else():
    assert with_formulae('a < b & "c"') == "a &lt; b &amp; &#34;c&#34;"
