r"""pylatexenc's typed door: what a macro, an accent or a formula is in characters.

pylatexenc 2.10 takes some 15 µs per character, raises on a dozen macros that lack their arguments
(`\href` among them, always) and on deep nesting. So it sees only small pieces, none deeper than
anything meant; what it cannot read becomes its letters without the TeX.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TypeVar, cast

from pylatexenc.latex2text import LatexNodes2Text, get_default_latex_context_db

T = TypeVar("T")

_MAX_DEPTH = 24
_BRACES = re.compile(r"(?<!\\)[{}]")
# A link in a formula is its words: pylatexenc knows no arguments of these.
_LINK = re.compile(r"\\(?:href|textcolor|colorbox|fcolorbox)\s*\{[^{}]*\}\s*(?=\{)")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?|.)")


def attempted(convert: Callable[[str], T], tex: str) -> T | None:
    """Return what a parser makes of foreign text; None where it gives up, in whatever way."""
    try:
        return convert(tex)
    except Exception:  # noqa: BLE001 - parsers of TeX raise anything; that costs one formula its form
        return None


@cache
def symbols() -> dict[str, str]:
    r"""Return the macros that are characters: `alpha` is `α`, `ss` is `ß`."""
    specs = get_default_latex_context_db().iter_macro_specs()
    found = {spec.macroname: spec.simplify_repl for spec in specs}
    return {
        name: text for name, text in found.items()
        if isinstance(text, str) and text.strip() and "%" not in text and name.isalpha()
    } | {"textasciicircum": "^"}  # fmt: skip


@lru_cache(maxsize=4_096)
def letter(accent: str) -> str:
    r"""Return what an accent and its letter are, `\"{o}` for `ö`."""
    found = attempted(_converter().latex_to_text, accent)
    return accent if found is None else cast(str, found)


@lru_cache(maxsize=8_192)
def formula(tex: str) -> str:
    r"""Return a formula in characters, `\alpha^2` as `α^2`."""
    tex = _LINK.sub("", tex)
    return _understood(tex) or bare(tex)


def loses(tex: str) -> bool:
    """Return whether a formula loses in characters what it means: a link's address, or all its form."""
    return _LINK.search(tex) is not None or not _understood(tex)


def _understood(tex: str) -> str:
    """Return what the parser makes of a formula; nothing where it gives up."""
    found = None if is_deep(tex) else attempted(_converter().latex_to_text, tex)
    line = " ".join(cast(str, found or "").split())
    # Macros without their arguments leave the form that these were to be put into.
    return "" if "%s" in line or "%(" in line else line


def bare(tex: str) -> str:
    """Return the letters of a formula, without commands and braces; all of it if nothing is left."""
    kept = _BRACES.sub("", _COMMAND.sub(_symbol, tex))
    return " ".join(kept.split()) or tex


def is_deep(tex: str) -> bool:
    """Return whether braces are nested deeper than anything meant."""
    depth = 0
    for brace in _BRACES.findall(tex):
        depth += 1 if brace == "{" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _symbol(command: re.Match[str]) -> str:
    name = command[0][1:]
    return symbols().get(name, " " if name.isalpha() else name.strip("\\"))


@cache
def _converter() -> LatexNodes2Text:
    return LatexNodes2Text(math_mode="text", keep_comments=True)
