"""Markup in texts: entities and tags as publishers, indexes and reference managers leave them.

Only what is markup is taken for it: a tag counts where it is known and both opens and closes; `<EOS>`,
`a < b` and `R&D` are what they say.
"""

import html
import re

from recsvc.core.text.prose import raised

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*(?::[A-Za-z-]+)?)(?:\s[^<>]{0,1000})?(/?)>")
_RAISED = re.compile(r"<(su[bp])\b[^<>]{0,100}>\s*([^<>]{1,60}?)\s*</\1\s*>", re.IGNORECASE)
_INLINE = frozenset((
    "a", "abbr", "b", "big", "bold", "cite", "code", "em", "emphasis", "font", "i", "italic", "it",
    "inf", "ital", "kbd", "mark", "math", "nobr", "q", "roman", "s", "sc", "scp", "small", "span",
    "strike", "strong", "sub", "sup", "tt", "u", "underline", "var", "inline-formula", "tex-math",
    "mi", "mn", "mo", "mrow", "msub", "msup", "msubsup", "mtext", "mfrac", "msqrt", "mover", "munder",
    "semantics",
))  # fmt: skip
_BLOCKS = frozenset(
    ("p", "div", "br", "li", "ul", "ol", "title", "sec", "section", "h1", "h2", "h3", "h4")
)
_FOREIGN = ("jats:", "mml:", "m:", "ce:", "sb:")


def without_markup(text: str) -> str:
    """Return a text without tags and entities: `CO<sub>2</sub> &amp; more` as `CO₂ & more`."""
    if "<" in text:
        text = _RAISED.sub(lambda found: raised(found[2], found[1].lower()), text)
        text = _without_tags(text)
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _without_tags(text: str) -> str:
    tags = [(found[2].lower(), found[1], found[3]) for found in _TAG.finditer(text)]
    opened = {name for name, closes, _ in tags if not closes}
    closed = {name for name, closes, empty in tags if closes or empty or name == "br"}
    whole = opened & closed

    def without(found: re.Match[str]) -> str:
        name = found[2].lower()
        if name not in whole:
            return found[0]
        local = name.partition(":")[2] or name
        is_ours = name in _INLINE or name in _BLOCKS or name.startswith(_FOREIGN)
        if not is_ours:
            return found[0]
        return "\n\n" if local in _BLOCKS else ""

    return _TAG.sub(without, text)
