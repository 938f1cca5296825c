r"""Formulae: where they stand in a text, told from prices and from stray signs.

A formula is what stands between dollars as TeX and Markdown writers put them: no space inside next to
a dollar, no digit after the closing one (which spares "between $5 and $10"), nothing empty; or between
`\(` and `\)`, `\[` and `\]`. Found in one pass: no text takes longer than its length.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

_FORMULA = re.compile(
    r"(?<![\\$])(?P<mark>\$\$?)(?=[^\s$])(?P<tex>(?:[^$\\]|\\.){1,400}?)(?<!\s)(?P=mark)(?![\d$])"
    r"|\\\((?P<inline>(?:[^\\]|\\[^()]){1,400}?)\\\)"
    r"|\\\[(?P<block>(?:[^\\]|\\[^\[\]]){1,400}?)\\\]",
    re.S,
)


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a text.

    Attributes:
        source: as it stands in the text.
        tex: what is between the marks of a formula; None for prose.
        is_block: whether the formula stands on a line of its own.
    """

    source: str
    tex: str | None = None
    is_block: bool = False


class Spelled(NamedTuple):
    """A formula in a text that is all characters: where these begin and end, and what they spell."""

    start: int
    end: int
    tex: str


def has_formulae(text: str) -> bool:
    """Return whether there may be any: most texts are spared the search."""
    return "$" in text or "\\(" in text or "\\[" in text


def pieces(text: str) -> Iterator[Piece]:
    """Yield prose and formulae in turn; their sources joined are the text."""
    end = 0
    for found in _FORMULA.finditer(text) if has_formulae(text) else ():
        if found.start() > end:
            yield Piece(text[end : found.start()])
        tex = found["tex"] or found["inline"] or found["block"]
        yield Piece(found[0], tex, found["mark"] == "$$" or found["block"] is not None)
        end = found.end()
    if end < len(text):
        yield Piece(text[end:])
