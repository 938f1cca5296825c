"""Names of people and bodies as bibliographies write them, in the order in which they are spoken.

`Last, First`, `von Last, Jr, First`, `First Last`, apart by `and` outside of braces; a name in braces of
its own is a body's and stays whole. `others` and `et al.` are nobody.
"""

import re

from recsvc.core.text.display import cleaned

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_EDGES = re.compile(r"\A\s*and\s+|\s+and\s*\Z", re.IGNORECASE)
_SEMICOLON, _COMMA = re.compile(r"\s*;\s*"), re.compile(r"\s*,\s*")
_AMPERSAND = re.compile(r"\s+\\?&\s+")
_NOBODY = re.compile(
    r"(?:\{?\\?(?:emph|textit)?\{?)?\s*(?:and\s+)?"
    r"(?:others|et\.?\s*al\.?|u\.\s?a\.|unknown|anonymous|n\.?a\.?|\[?no authors?(?: listed| given)?\]?)"
    r"\s*\}*",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|V|PhD|MD)\.?\Z", re.IGNORECASE)
# biblatex's own way, which Better BibTeX writes: `family=Beek, given=Ann, prefix=van der`.
_KEYED = re.compile(r"(?<![a-z])(family|given|prefix|suffix)(?:-i)?\s*=\s*\{?([^,{}]*)\}?(?:,\s*)?")
# DBLP tells people of one name apart by four digits.
_NUMBER = re.compile(r" \d{4}\Z")
_ET_AL = re.compile(r"[\s,]+et\.?\s*al\.?\s*\Z", re.IGNORECASE)


def bibtex_names(field: str) -> list[str]:
    """Return the names of an `author` field, TeX resolved."""
    field = _EDGES.sub("", field)
    parts = _outside(field, _AND)
    if len(parts) == 1:
        parts = _outside(field, _SEMICOLON if ";" in field else _AMPERSAND)
    return [name for part in parts for one in listed(part) if (name := _one(one))]


def ris_names(field: str) -> list[str]:
    """Return the names of a RIS tag, which should hold one, and of some programs holds them all."""
    parts = field.split(";") if ";" in field else _AND.split(field)
    if ";" not in field and not all("," in part for part in parts):
        parts = [field]
    return [name for part in parts if (name := natural(part))]


def listed(part: str) -> list[str]:
    """Return the people of what commas divide: of more names than one person has, several.

    `Ann Doe, Rick Roe, Jo Poe` are three, `Doe, A., Roe, R.` two; `Doe, Jr, Ann` is one, and so is
    `Doe, Ann`.
    """
    if _KEYED.match(part.strip()):
        return [part]
    is_list = part.rstrip().endswith(",")
    pieces = [piece for piece in (one.strip() for one in _outside(part, _COMMA)) if piece]
    if len(pieces) < (2 if is_list else 3) or any(_SUFFIX.match(piece) for piece in pieces):
        return [part]
    if all(" " in piece.replace("~", " ") for piece in pieces):
        return pieces
    if len(pieces) % 2 == 0 and len(pieces) > 2:
        return [f"{last}, {first}" for last, first in zip(pieces[::2], pieces[1::2], strict=True)]
    return [part]


def natural(name: str) -> str:
    """Return `Last, First` as `First Last`, `Last, Jr, First` as `First Last, Jr`; nobody is empty."""
    name = _NUMBER.sub("", _ET_AL.sub("", " ".join(name.split()).strip(" ,;")))
    if not name or _NOBODY.fullmatch(name):
        return ""
    last, *more = (part.strip() for part in name.split(","))
    more = [part for part in more if part]
    if not more:
        return last
    suffixes = [part for part in more if _SUFFIX.match(part)]
    firsts = [part for part in more if part not in suffixes]
    spoken = f"{firsts[0]} {last}" if firsts else last
    return ", ".join([spoken, *suffixes])


def _one(part: str) -> str:
    part = part.strip().strip(",;").strip()
    if _is_whole(part):
        return " ".join(cleaned(part, is_source=True).split())
    return natural(_with_commas_kept(part))


def _with_commas_kept(part: str) -> str:
    """Resolve the TeX of a name; a comma inside its braces does not divide it."""
    guarded, depth = [], 0
    for character in part:
        depth += (character == "{") - (character == "}")
        guarded.append("\ue000" if character == "," and depth > 0 else character)
    if _KEYED.match(part):
        return _of_keys(dict(_KEYED.findall(part)))
    pieces = [" ".join(cleaned(p, is_source=True).split()) for p in "".join(guarded).split(",")]
    return natural(", ".join(pieces)).replace("\ue000", ",")


def _of_keys(keys: dict[str, str]) -> str:
    spoken = [keys.get(name, "").strip() for name in ("given", "prefix", "family")]
    suffix = keys.get("suffix", "").strip()
    name = " ".join(cleaned(part, is_source=True) for part in spoken if part)
    return f"{name}, {suffix}" if suffix else name


def _is_whole(part: str) -> bool:
    """Return whether one pair of braces holds all of a name: a body's, not a person's."""
    if not (part.startswith("{") and part.endswith("}")) or part.startswith("{\\"):
        return False
    depth = 0
    for at, character in enumerate(part):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return at == len(part) - 1
    return False


def _outside(text: str, between: re.Pattern[str]) -> list[str]:
    """Split a text where a separator stands outside of all braces."""
    depth, depths = 0, []
    for character in text:
        depth += (character == "{") - (character == "}")
        depths.append(depth)
    parts, start = [], 0
    for found in between.finditer(text):
        if depths[found.start()] <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]
