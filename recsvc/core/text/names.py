"""By which names an item can be asked for: its id, its aliases, arXiv ids and DOIs, its title.

Each is kept in one form, however it is written there or typed: without prefix, address and version,
in lower case.
"""

import re
from collections.abc import Iterable, Iterator

from recsvc.core.text import arxiv_ids, dois
from recsvc.core.text.compounds import marked
from recsvc.core.text.terms import searchable

_MAX_CHARS = 1_000
_AROUND = " \t\r\n<>()[]{}\"'“”.,;"
_ARXIV = re.compile(r"arxiv\s*[:\s]\s*", re.IGNORECASE)
_SUBJECT_CLASS = re.compile(r"\.[a-z-]+(?=/)")
_WORD = re.compile(r"[^\W_]+")


def identifier(text: str) -> str | None:
    """Return the arXiv id or the DOI that a whole text is; None if it is none."""
    bare = _ARXIV.sub("", text.strip(_AROUND), count=1)
    for written in (text.strip(), bare, bare.lower()):
        found = arxiv_ids.found_in(written)
        if found is not None:
            return _SUBJECT_CLASS.sub("", found.lower())
    doi = dois.found_in(text)
    return doi if doi and len(re.sub(r"(?i)^\W*doi\s*:?\s*", "", text).split()) == 1 else None


def asked_for(query: str) -> tuple[str, ...]:
    """Return the names that a whole query may be."""
    if len(query) > _MAX_CHARS or not query.strip():
        return ()
    found = identifier(query)
    if found:
        return (f"id {found}",)
    # One word of letters alone is asked for as a word: what no longer holds it is not found by it.
    ids = () if query.strip().isalpha() else (f"id {_plain(query)}",)
    return (*ids, *_titled(query))


def of(ids: Iterable[str], links: Iterable[object], title: str) -> Iterator[str]:
    """Yield the names of an item.

    Args:
        ids: its own and its aliases.
        links: what may hold an arXiv id or a DOI, and counts only if it does.
    """
    known = [identifier(link) for link in links if isinstance(link, str)]
    yield from {f"id {name}" for name in known if name}
    for name in ids:
        yield f"id {identifier(name) or _plain(name)}"
    yield from _titled(title)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _titled(title: str) -> Iterator[str]:
    words = " ".join([*_WORD.findall(searchable(title)), *marked(title)])
    if words:
        yield f"title {words}"
