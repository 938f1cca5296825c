"""pylatexenc's typed door: TeX accents, macros and formulae to the characters they mean."""

import re
from functools import cache
from typing import cast

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalkerParseError

# A formula on one line; a price in dollars has a space or nothing before its second sign.
_FORMULA = re.compile(r"\$(?! )([^$\n]{1,200})(?<! )\$")


@cache
def _converter(math_mode: str = "verbatim") -> LatexNodes2Text:
    return LatexNodes2Text(math_mode=math_mode, keep_comments=True)


def plain(text: str) -> str:
    r"""Return a text with `\'e` as `é`; formulae stay, and so does what is no TeX."""
    if "\\" not in text and "{" not in text:
        return text
    try:
        return cast(str, _converter().latex_to_text(text))
    except LatexWalkerParseError:
        return text


def readable(text: str) -> str:
    r"""Return a text whose formulae are plain characters, `$\alpha^2$` as `α^2`; the rest stays."""
    if "$" not in text:
        return text
    return _FORMULA.sub(lambda found: _formula(found[1]), text)


def _formula(tex: str) -> str:
    try:
        return cast(str, _converter("text").latex_to_text(tex)).strip() or tex
    except LatexWalkerParseError:
        return tex
