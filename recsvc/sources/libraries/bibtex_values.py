"""What fields of BibTeX say: pieces that `#` joins, abbreviations, and what entries have from others.

As in "BibTeXing" (Oren Patashnik, 1988): a value is text in braces or quotes, a number, or the name of a
`@string`; an entry with a `crossref` has from that one what it does not say itself.
"""

import re
from collections.abc import Mapping

_BARE = re.compile(r"[^\s{}\"#%/]+")
_COMMENT = re.compile(r"\s*%[^\n]*\s*")
# Of the volume that a paper is in: what is true of both. Its title is the paper's `booktitle`.
_FROM_VOLUME = ("year", "date", "month", "journal", "booktitle", "keywords")


def value_of(raw: str, strings: Mapping[str, str]) -> str:
    """Return what a value says; one that is not well-formed says what stands there.

    Args:
        strings: what abbreviations stand for, by their names in lower case.
    """
    pieces = [_without_comment(piece.strip()) for piece in _pieces(raw.strip())]
    said = [_said(piece, strings) for piece in pieces]
    if len(pieces) == 1:
        return pieces[0] if said[0] is None else said[0]
    known = [one for one in said if one is not None]
    return "".join(known) if len(known) == len(said) else raw.strip()


def inherited(
    fields: Mapping[str, str], entries: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the fields of an entry with those that it has from others.

    Args:
        entries: fields by key in lower case.
    """
    whole = dict(fields)
    for key in fields.get("xdata", "").lower().split(","):
        whole = {**entries.get(key.strip(), {}), **whole}
    volume = entries.get(fields.get("crossref", "").strip().lower(), {})
    theirs = {name: volume[name] for name in _FROM_VOLUME if name in volume}
    if "title" in volume:
        theirs.setdefault("booktitle", volume["title"])
    return {**theirs, **whole}


def _pieces(raw: str) -> list[str]:
    """Return what stands between `#` outside of braces and quotes."""
    pieces, start, depth, is_quoted = [], 0, 0, False
    for at, character in enumerate(raw):
        if character in "{}":
            depth += 1 if character == "{" else -1
        elif character == '"' and depth == 0:
            is_quoted = not is_quoted
        elif character == "#" and depth == 0 and not is_quoted:
            pieces.append(raw[start:at])
            start = at + 1
    return [*pieces, raw[start:]]


def _without_comment(piece: str) -> str:
    """Return a value in braces without the comment that follows on its line."""
    end = piece.rfind("}") + 1
    is_comment = piece.startswith("{") and _COMMENT.fullmatch(piece, end) is not None
    return (
        piece[:end]
        if is_comment and piece.count("{", 0, end) == piece.count("}", 0, end)
        else piece
    )


def _said(piece: str, strings: Mapping[str, str]) -> str | None:
    """Return what a piece says; None where it is neither text nor a number or a name."""
    if len(piece) > 1 and piece[0] + piece[-1] in ("{}", '""'):
        return piece[1:-1]
    return strings.get(piece.lower(), piece) if _BARE.fullmatch(piece) else None
