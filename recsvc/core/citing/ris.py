"""References as RIS: a tag and a value per line; what a value says stays on its line."""

from collections.abc import Iterable, Iterator

from recsvc.core.citing.people import parts
from recsvc.core.citing.reference import Reference

MEDIA_TYPE = "application/x-research-info-systems"


def render(references: Iterable[Reference]) -> str:
    """Return references one after another, in the order of those who wrote RIS down: `TY` to `ER`."""
    return "\r\n".join(line for one in references for line in (*_lines(one), "ER  - ", "", ""))


def _lines(one: Reference) -> Iterator[str]:
    for tag, value in _fields(one):
        written = " ".join(value.split())
        if written:
            yield f"{tag}  - {written}"


def _fields(one: Reference) -> Iterator[tuple[str, str]]:
    yield "TY", "JOUR" if one.venue else "UNPB"
    yield "ID", one.id
    yield "TI", one.title
    yield from (("AU", _author(name)) for name in one.authors)
    yield "JO", one.venue or ""
    known = one.date_parts
    if known:
        yield "PY", f"{known[0]:04}"
        slots = [f"{n:02}" for n in known] + ["", ""]
        yield "DA", "/".join([*slots[:3], "about" if one.is_about else ""])
    yield "DO", one.doi or ""
    yield from (("UR", link) for link in (one.url, *one.links) if link)
    yield from (("KW", topic) for topic in one.topics)
    yield "AB", one.text


def _author(name: str) -> str:
    known = parts(name)
    if known is None:
        return name.replace(",", "")  # before a comma stands a family's name, always
    given, family, suffix = known
    return ", ".join(part for part in (family, given, suffix) if part)
