r"""Formulae in texts as MathML, which browsers draw without a script; latex2mathml's typed door.

Texts come from anybody. latex2mathml 3.81 hands on what `\text{…}` holds as markup, and takes
addresses and styles from `\href` and `\style`: so its tree is serialised here, where everything is
escaped, and only elements and attributes that draw formulae pass. What it cannot draw, and what is more
than a page should cost, appears in characters.

MathML and not KaTeX or MathJax: every browser draws it since 2023, it is read out, and it needs no
script, no font and no inline style, which our policy forbids.
"""

import html
import re
from collections.abc import Callable
from functools import lru_cache
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape
from msgspec import UnsetType

from recsvc.core.text.addresses import addresses_in
from recsvc.core.text.display import readable, shown
from recsvc.core.text.highlight import Part
from recsvc.core.text.tex import attempted, is_deep

# TeX that is drawn in one text, in characters; more than any abstract holds.
_DRAWN = 4_000
# Definitions could grow without bound when they are used.
_DEFINITION = re.compile(r"\\(?:def|let|(?:re)?new\w+|provide\w+|Declare\w+)\b")
_ELEMENTS = frozenset((
    "math", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup",
    "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
))  # fmt: skip
_ATTRIBUTES = frozenset((
    "accent", "accentunder", "columnalign", "depth", "display", "displaystyle", "fence", "form",
    "height", "lspace", "mathvariant", "maxsize", "minsize", "rspace", "scriptlevel", "separator",
    "stretchy", "width", "xmlns",
))  # fmt: skip


def with_formulae(text: str, prose: Callable[[str], Markup] = escape) -> Markup:
    """Return a text as markup: its formulae drawn, its prose as people read it, all of it escaped.

    Args:
        prose: makes markup of what is no formula.
    """
    left = _DRAWN
    parts: list[Markup] = []
    for piece in shown(text):
        if piece.tex is None:
            parts.append(prose(piece.source))
            continue
        left -= len(piece.tex)
        drawn = _drawn(piece.tex, piece.is_block) if left >= 0 else None
        parts.append(escape(readable(piece.source)) if drawn is None else drawn)
    return Markup("").join(parts)


def drawn(part: Part) -> Markup:
    """Return a piece of a text as markup, drawn if it is a formula."""
    found = None if isinstance(part.tex, UnsetType) else _drawn(part.tex, False)
    return escape(part.text) if found is None else found


def with_links(prose: str) -> Markup:
    """Return prose as markup, each address in it a link to itself; all of it escaped."""
    link = Markup('<a href="{0}" rel="noopener nofollow ugc">{0}</a>')
    return Markup("").join(
        link.format(piece) if is_address else escape(piece)
        for piece, is_address in addresses_in(prose)
    )


@lru_cache(maxsize=4_096)
def _drawn(tex: str, is_block: bool) -> Markup | None:
    """Return a formula as MathML; None when it cannot be read."""
    if _DEFINITION.search(tex) or is_deep(tex):
        return None
    display = "block" if is_block else "inline"
    root = attempted(lambda source: convert_to_element(source, display=display), tex)
    if root is None:
        return None
    for element in root.iter():
        if element.tag not in _ELEMENTS or (element.text or "").startswith("\\"):
            return None
        element.text = None if element.text is None else html.unescape(element.text)
        element.attrib = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES}
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by its serialiser
