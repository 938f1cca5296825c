"""A paper of any archive as an item: which of its names is its id, and which are aliases."""

from datetime import datetime
from typing import Any, Literal

from recsvc.core.ids import MAX_ID_CHARS
from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids, dois
from recsvc.core.text.display import cleaned
from recsvc.errors import InvalidError
from recsvc.sources.extra_fields import MEANINGS
from recsvc.sources.fitting import lenient
from recsvc.sources.naming.title_ids import id_of_title
from recsvc.sources.records import Paper
from recsvc.sources.text.unwrapping import one_line, paragraphs

Written = Literal["markup", "tex", "plain"]


def paper(
    *,
    title: str | None,
    arxiv_id: str | None = None,
    doi: str | None = None,
    local_id: str | None = None,
    text: str | None = None,
    authors: list[str] | None = None,
    topics: list[str] | None = None,
    url: str | None = None,
    published_at: datetime | None = None,
    listed_at: datetime | None = None,
    extra: dict[str, Any] | None = None,
    written: Written = "markup",
    **fields: Any,
) -> NewItem:
    """Return a paper as an item, its title and text unwrapped and as people read them.

    Its id is the arXiv id, else the DOI, else the archive's own id, else made from the title; the
    others become aliases, so that whoever knows it by one of them finds it.

    Args:
        local_id: by which the archive it comes from knows it.
        doi: an arXiv DOI counts as the arXiv id it is.
        extra: what is empty is left out.
        written: what title and text are written in: TeX and HTML; TeX alone, so that tags are what
            the authors wrote; or what is kept as it came.

    Raises:
        InvalidError: when it has no title. What is optional and does not fit is left out and counted.
    """
    if not isinstance(title, str | None):
        raise InvalidError(f"title: {title!r} is not text", "title")
    clean_title = one_line(_read(one_line(title), written))
    if not clean_title:
        raise InvalidError("it has no title", "title")
    arxiv_id = arxiv_id or arxiv_ids.found_in(doi or "")
    doi = None if arxiv_ids.found_in(doi or "") else dois.found_in(doi or "")
    known = [name for name in (arxiv_id, doi, local_id) if name and len(name) <= MAX_ID_CHARS]
    links = [url, arxiv_id and arxiv_ids.url(arxiv_id), doi and dois.url(doi)]
    more = {"arxiv_id": arxiv_id, "doi": doi} | (extra or {})
    assert more.keys() <= MEANINGS.keys(), "every name in `extra` has its meaning written down"
    fields |= {
        "id": known[0] if known else id_of_title(clean_title),
        "aliases": list(dict.fromkeys(known[1:])),
        "title": clean_title,
        "text": paragraphs(_read(text or "", written)),
        "url": next((link for link in links if link), None),
        "authors": [name for author in authors or [] if (name := one_line(cleaned(author)))],
        "topics": list(
            dict.fromkeys(t for topic in topics or [] if (t := one_line(cleaned(topic))))
        ),
        "published_at": published_at,
        "listed_at": listed_at,
        "extra": {k: v for k, v in more.items() if v not in (None, "", [], {})},
    }
    return lenient(fields, Paper)


def _read(text: str, written: Written) -> str:
    return text if written == "plain" else cleaned(text, has_markup=written == "markup")
