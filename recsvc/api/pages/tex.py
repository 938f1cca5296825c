r"""Formulae in texts as MathML, which browsers draw without a script; latex2mathml's typed door.

A formula is what stands between dollars as TeX and Markdown writers put them: no space inside next to
a dollar, no digit after the closing one (which spares "between $5 and $10"), nothing empty. What cannot
be read stays as it was written.

Texts come from anybody. latex2mathml 3.81 hands on what `\text{…}` holds as markup, and takes
addresses and styles from `\href` and `\style`: so its tree is serialised here, where everything is
escaped, and only elements and attributes that draw formulae pass.

MathML and not KaTeX or MathJax: every browser draws it since 2023, it is read out, and it needs no
script, no font and no inline style, which our policy forbids. Titles in lists keep their TeX: they are
what people copy, search for and compare.
"""

import html
import re
from functools import lru_cache
from xml.etree import ElementTree as ET

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

_FORMULA = re.compile(
    r"(?<![\\$])(?P<mark>\$\$?)(?=[^\s$])(?P<tex>(?:[^$\\]|\\.){1,400}?)(?<!\s)(?P=mark)(?![\d$])",
    re.S,
)
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
_UNREADABLE: tuple[type[Exception], ...] = (
    *(e for e in vars(exceptions).values() if isinstance(e, type) and issubclass(e, Exception)),
    ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError,
)  # fmt: skip


def with_formulae(text: str) -> Markup:
    """Return a text as markup, its formulae drawn and everything else escaped."""
    if "$" not in text:
        return escape(text)
    pieces: list[Markup] = []
    end = 0
    for found in _FORMULA.finditer(text):
        drawn = _drawn(found["tex"], found["mark"] == "$$")
        if drawn is not None:
            pieces += [escape(text[end : found.start()]), drawn]
            end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


@lru_cache(maxsize=4_096)
def _drawn(tex: str, is_block: bool) -> Markup | None:
    """Return a formula as MathML; None when it cannot be read."""
    if _DEFINITION.search(tex):
        return None
    try:
        root = convert_to_element(tex, display="block" if is_block else "inline")
    except _UNREADABLE:
        return None
    for element in root.iter():
        if element.tag not in _ELEMENTS or (element.text or "").startswith("\\"):
            return None
        element.text = None if element.text is None else html.unescape(element.text)
        element.attrib = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES}
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by its serialiser
