r"""References as BibTeX: characters as they are (UTF-8), formulae as TeX, capitals guarded by braces.

Years stand in `year`, as old styles want it, and whatever else is known of a date in biblatex's `date`.
"""

import re
from collections.abc import Iterable, Iterator

from recsvc.core.citing.reference import Reference
from recsvc.core.text.formulae import pieces

MEDIA_TYPE = "application/x-bibtex"

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
}  # fmt: skip
_SPECIAL = re.compile(r"[\\{}~^#$%&_]|-(?=-)|`(?=`)|'(?=')")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._:/+-]+")
_BRACES = re.compile(r"\\.|[{}]", re.S)


def render(references: Iterable[Reference]) -> str:
    """Return references as a bibliography, each under a key of its own."""
    taken: dict[str, int] = {}
    return "\n".join(_entry(one, _key(one, taken)) for one in references)


def _entry(one: Reference, key: str) -> str:
    kind = "article" if one.venue else "misc"
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(one) if value)
    return f"@{kind}{{{key},\n{lines}}}\n"


def _fields(one: Reference) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{_tex(one.title)}}}"
    yield "author", " and ".join(_author(name) for name in one.authors)
    yield "journal", _tex(one.venue or "")
    parts = one.date_parts
    if parts:
        yield "year", f"{parts[0]:04}"
    if len(parts) > 1 or one.is_about:
        yield (
            "date",
            "-".join([f"{parts[0]:04}", *(f"{n:02}" for n in parts[1:])]) + "~" * one.is_about,
        )
    yield "doi", _verbatim(one.doi or "")
    if one.arxiv_id:
        yield "eprint", _verbatim(one.arxiv_id)
        yield "archiveprefix", "arXiv"
    yield "url", _verbatim(one.url or "")
    yield "keywords", ", ".join(_tex(topic) for topic in one.topics)
    yield "abstract", _tex(one.text)


def _author(name: str) -> str:
    """Return a name; one that BibTeX would take apart is held together."""
    written = _tex(name)
    is_whole = "," in name or re.search(r"\band\b|\bothers\b", name, re.IGNORECASE)
    return f"{{{written}}}" if is_whole else written


def _tex(text: str) -> str:
    """Return a text as TeX, each of its paragraphs on a line: no line begins another file's field."""
    lines = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(_escaped(line) for line in lines)


def _escaped(text: str) -> str:
    return "".join(
        piece.source
        if piece.tex is not None and _is_balanced(piece.source)
        else _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"{found[0]}{{}}"), piece.source)
        for piece in pieces(text)
    )


def _is_balanced(tex: str) -> bool:
    depth = 0
    for found in _BRACES.findall(tex):
        depth += (found == "{") - (found == "}")
        if depth < 0:
            return False
    return depth == 0 and not tex.endswith("\\")


def _verbatim(text: str) -> str:
    """Return an address or an id: nothing in it is TeX, but braces would end the field."""
    plain = "".join(text.split())
    return plain.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _key(one: Reference, taken: dict[str, int]) -> str:
    plain = _NOT_IN_KEYS.sub("-", one.id).strip("-") or "paper"
    n = taken[plain.lower()] = taken.get(plain.lower(), 0) + 1
    return plain if n == 1 else f"{plain}-{n}"
