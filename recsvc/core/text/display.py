r"""The one door for texts from outside: TeX, HTML and entities to what people read.

Whoever shows a text asks here, so that a paper is called the same in a list, a feed, a mail and a
terminal. Nothing here raises, whatever comes, and no text takes longer than its length allows: what
cannot be read stays as it was written and costs nothing but its own form.
"""

import re
import unicodedata

from recsvc.core.text.formulae import Piece, Spelled, has_formulae, pieces
from recsvc.core.text.markup import without_markup
from recsvc.core.text.prose import without_tex
from recsvc.core.text.tex import bare, formula, loses

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

_FOREIGN = re.compile(r"[\\$<&]|``")

# What leaves no ink: controls, formats, gaps, marks without a letter; and letters that are blank.
_INKLESS = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")

# TeX that is parsed for one text, in characters; formulae beyond it lose their commands and no more.
_PARSED = 4_000


def printable(text: str) -> str:
    """Return a text without what neither HTML nor XML can hold: control characters, halves of pairs."""
    return text if text.isprintable() else _UNPRINTABLE.sub("", text)


def shows(text: str) -> bool:
    """Return whether a text shows anything to whoever looks at it."""
    return any(
        unicodedata.category(one) not in _INKLESS and one not in _BLANK for one in readable(text)
    )


def cleaned(text: str, *, is_source: bool = False, has_markup: bool = True) -> str:
    r"""Return a text as it is kept: accents and tags resolved, formulae as they were written.

    Args:
        is_source: the text is TeX, as in BibTeX, not prose with some TeX in it.
        has_markup: whether tags and entities in it are markup; else they are what it says.
    """
    if not _is_foreign(text) and not (is_source and ("{" in text or "~" in text or "--" in text)):
        return text
    text = without_markup(text) if has_markup else text
    parts = [
        p.source if p.tex is not None else prose(p.source, is_source=is_source)
        for p in pieces(text)
    ]
    whole = "".join(parts)
    if "\\$" not in whole:
        return whole
    unescaped = whole.replace("\\$", "$")
    # A price must not become the beginning of a formula.
    same = sum(p.tex is not None for p in pieces(unescaped)) == sum(
        p.tex is not None for p in pieces(whole)
    )
    return unescaped if same else whole


def readable(text: str, *, has_markup: bool = True) -> str:
    r"""Return a text for places that show nothing but characters: `$\alpha^2$` is `α^2`."""
    return spelled(text, has_markup=has_markup)[0]


def spelled(text: str, *, has_markup: bool = True) -> tuple[str, list[Spelled]]:
    """Return a text in characters, and which of these spell a formula, in their order."""
    if not _is_foreign(text):
        return text, []
    left, length = _PARSED, 0
    parts: list[str] = []
    formulae: list[Spelled] = []
    for piece in shown(text, has_markup=has_markup):
        part = piece.source
        if piece.tex is not None:
            left -= len(piece.tex)
            part = formula(piece.tex) if left >= 0 else bare(piece.tex)
            if left >= 0 and part:
                formulae.append(Spelled(length, length + len(part), piece.tex))
        parts.append(part)
        length += len(part)
    return "".join(parts), formulae


def lost(text: str) -> str | None:
    r"""Return the first formula of a text that characters do not show as it is meant; None without."""
    found = (piece.tex for piece in shown(text) if piece.tex is not None)
    return next((tex for tex in found if loses(tex)), None)


def shown(text: str, *, has_markup: bool = True) -> list[Piece]:
    """Return the pieces of a text for those who can draw formulae; its prose resolved."""
    text = without_markup(text) if has_markup else text
    if not has_formulae(text):
        return [Piece(prose(text).replace("\\$", "$"))]
    return [
        piece if piece.tex is not None else Piece(prose(piece.source).replace("\\$", "$"))
        for piece in pieces(text)
    ]


def excerpt(text: str, length: int) -> str:
    """Return the beginning of a text, cut between words and never inside a formula."""
    if len(text) <= length:
        return text
    kept = ""
    for piece in pieces(text[: length + 800]):
        room = length - len(kept)
        if len(piece.source) <= room:
            kept += piece.source
            continue
        if piece.tex is None:
            cut = piece.source[:room]
            kept += cut.rpartition(" ")[0] or cut
        break
    return kept.rstrip() + "…"


def prose(text: str, *, is_source: bool = False) -> str:
    """Return prose with its TeX resolved."""
    return (
        without_tex(text, is_source=is_source)
        if "\\" in text or "``" in text or is_source
        else text
    )


def _is_foreign(text: str) -> bool:
    return _FOREIGN.search(text) is not None
