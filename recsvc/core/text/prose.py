r"""TeX in prose: accents, symbols, emphasis and links as people read them; formulae are not prose.

Two kinds of writers use TeX outside formulae. BibTeX is TeX: braces guard capitals, `~` is a space and
a macro nobody knows means nothing. Abstracts of archives are prose with some TeX in it: what is no known
macro there - a path, a regular expression - stays as it was written.

From the inside out, one level of braces in each pass, and a bounded number of passes: each is linear.
"""

import re

from recsvc.core.text.tex import letter, symbols

_PASSES = 8

_BASE = r"(?:\{\s*\\?[A-Za-z]{0,2}\s*\}|\\[ij](?![A-Za-z])\s?|[A-Za-z])"
_NAMED_BASE = r"(?:\s*\{\s*\\?[A-Za-z]{0,2}\s*\}|\s+[A-Za-z])"
_ACCENTED = rf"\\(?:['`^\"=.]\s*{_BASE}|~{_BASE}|[cvuHkrbdt]{_NAMED_BASE})"
_ACCENT = re.compile(rf"(?<![/\\])(?:\{{{_ACCENTED}\}}|{_ACCENTED})")
_LETTER = re.compile(
    r"\{\\(ss|aa|ae|oe|AA|AE|OE|dh|th|dj|DH|TH|DJ|ng|NG|[oOlLij])\s*\}"
    r"|\\(ss|aa|ae|oe|AA|AE|OE|dh|th|dj|DH|TH|DJ|ng|NG|[oOlLij])(?:\{\}|(?![A-Za-z])\s?)"
)
_SYMBOL = re.compile(r"\\([A-Za-z]+)(\{\})?")
_ESCAPED = re.compile(r"\\([%&_#{}~])")
_TILDE_IN_ADDRESS = re.compile(r"(?<=/)\\~(?:\{\})?")
_SPACE = re.compile(r"\\[ ,;:!@/-]|\\\\(?:\[[^\]\n]{0,20}\])?")
_SPACE_IN_PROSE = re.compile(r"\\[ ,-]")
_NARROW = frozenset(("\\!", "\\@", "\\/", "\\-"))
_TWO = re.compile(
    r"\\(?:href|textcolor|colorbox|foreignlanguage|texorpdfstring|raisebox|hyperref)"
    r"\s*\{([^{}]*)\}\s*\{([^{}]*)\}"
)
_ONE = re.compile(r"\\([A-Za-z]+)\*?\s*(?:\[[^\[\]{}\n]{0,100}\]\s*)?\{([^{}]*)\}")
_SWITCH = re.compile(
    r"\{\s*\\(?:it|bf|em|tt|sc|rm|sl|sf|cal|itshape|bfseries|scshape|ttfamily|small|large)"
    r"(?:\s+|(?=\\))([^{}]*)\}"
)
# A backslash that is meant, and no command's; the character that stands for it means nothing by itself.
_BACKSLASH = re.compile(r"\\textbackslash(?:\{\}|(?![A-Za-z])\s?)")
_MEANT = "\ufdd0"
_TIE = re.compile(r"(?<!\\)~")
_ITEM = re.compile(r"\\item\b\s*(?:\[([^\[\]\n]{0,60})\])?")
_QUOTED = re.compile(r"``([^`']{1,400}?(?:'[^`']{1,100}?){0,3})''")
_COMMAND_LEFT = re.compile(r"\\[A-Za-z]+\*?\s*|\\(?=[^\w%&_#{}])")
_BRACE = re.compile(r"(?<!\\)[{}]")

_SHOWN = frozenset((
    "emph", "text", "textbf", "textit", "textsl", "textsc", "textrm", "textsf", "texttt", "textup",
    "textmd", "textnormal", "underline", "uline", "mbox", "hbox", "fbox", "enquote", "path", "code",
    "uppercase", "lowercase", "MakeUppercase", "bibinfo", "ensuremath", "nolinkurl", "title", "url",
    "section", "paragraph", "noopsort", "textquote", "mathrm", "mathbf", "mathit", "boldsymbol",
))  # fmt: skip
_UNSHOWN = frozenset((
    "cite", "citep", "citet", "citealp", "citeauthor", "citeyear", "ref", "eqref", "cref", "Cref",
    "autoref", "label", "vspace", "hspace", "footnotemark", "thanks", "begin", "end", "index",
    "includegraphics", "input", "include", "bibliography", "phantom", "hphantom", "vphantom",
))  # fmt: skip
_RAISED = {"textsuperscript": "sup", "textsubscript": "sub"}
_SUP = str.maketrans(
    "0123456789+-=()nihjrwxyslabcdefgkmoptuvz−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʰʲʳʷˣʸˢˡᵃᵇᶜᵈᵉᶠᵍᵏᵐᵒᵖᵗᵘᵛᶻ⁻"
)
_SUB = str.maketrans("0123456789+-=()aehijklmnoprstuvx−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₋")


def raised(text: str, where: str) -> str:
    """Return what stands above (`sup`) or below (`sub`) the line in characters made for it."""
    table, mark = (_SUP, "^") if where == "sup" else (_SUB, "_")
    if all(ord(character) in table for character in text):
        return text.translate(table)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"


def without_tex(text: str, *, is_source: bool = False) -> str:
    r"""Return prose with its TeX resolved, `Schr\"odinger` as `Schrödinger`.

    Args:
        is_source: it is TeX, not prose with TeX in it.
    """
    if is_source:
        text = _TIE.sub("\N{NO-BREAK SPACE}", text)
    if "\\" in text:
        text = _resolved(_BACKSLASH.sub(_MEANT, text), is_source)
    if "``" in text:
        text = _QUOTED.sub(r"“\1”", text)
    if is_source:
        text = text.replace("``", "“").replace("''", "”").replace("---", "—").replace("--", "–")
        text = _BRACE.sub("", _COMMAND_LEFT.sub("", text))
    text = _ESCAPED.sub(r"\1", text) if "\\" in text else text
    return text.replace(_MEANT, "\\") if _MEANT in text else text


def _resolved(text: str, is_source: bool) -> str:
    def one(found: re.Match[str]) -> str:
        name, inside = found[1], found[2]
        if name in _RAISED:
            return raised(inside, _RAISED[name])
        if name in _UNSHOWN:
            return ""
        if name.startswith("footnote"):
            return f" ({inside})"
        return inside if name in _SHOWN or (is_source and name not in symbols()) else found[0]

    text = _TILDE_IN_ADDRESS.sub("~", text)
    for _ in range(_PASSES):
        before = text
        text = _ACCENT.sub(lambda found: letter(found[0]), text)
        text = _LETTER.sub(lambda found: symbols().get(found[1] or found[2], found[0]), text)
        text = _SYMBOL.sub(_symbol, text)
        text = _ONE.sub(one, _SWITCH.sub(r"\1", _TWO.sub(_second, text)))
        if text == before:
            break
    text = _ITEM.sub(lambda found: f" {found[1] or '•'} ", text)
    spaces = _SPACE if is_source else _SPACE_IN_PROSE
    return spaces.sub(lambda found: "" if found[0] in _NARROW else " ", text)


def _second(found: re.Match[str]) -> str:
    return found[2] if found[2].strip() else found[1]


def _symbol(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _UNSHOWN or name in _SHOWN else symbols().get(name, found[0])
