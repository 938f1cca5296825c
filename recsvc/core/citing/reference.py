"""A paper as a reference: what others need to name it, whatever format that takes on."""

from datetime import datetime

import msgspec

from recsvc.core.items.item import Precision, StoredItem
from recsvc.core.text import arxiv_ids, dois


class Reference(msgspec.Struct, frozen=True):
    """A paper as it is referred to; title and abstract as they are kept, formulae in TeX.

    Attributes:
        authors: names in the order in which they are spoken.
        url: where it is; its arXiv page or DOI where it has no address of its own.
        links: where else it is.
    """

    id: str
    title: str
    text: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    published_at: datetime | None
    precision: Precision | None
    venue: str | None
    doi: str | None
    arxiv_id: str | None
    url: str | None
    links: tuple[str, ...] = ()

    @property
    def date_parts(self) -> list[int]:
        """Year, month and day of publication, as far as they are known; empty for an unknown date."""
        at = self.published_at
        if at is None:
            return []
        known = {"year": 1, "about": 1, "month": 2}.get(self.precision or "day", 3)
        return [at.year, at.month, at.day][:known]

    @property
    def is_about(self) -> bool:
        """Whether the date is only about right."""
        return self.precision == "about"


def reference(item: StoredItem) -> Reference:
    """Return an item as a reference; topics that were only extracted from its text are not its own."""
    arxiv_id, doi, venue = (_text(item, name) for name in ("arxiv_id", "doi", "venue"))
    known = [item.url, arxiv_id and arxiv_ids.url(arxiv_id), doi and dois.url(doi)]
    links = list(dict.fromkeys(link for link in known if link))
    return Reference(
        id=item.id,
        title=item.title,
        text=item.text,
        authors=item.authors,
        topics=item.topics,
        published_at=item.published_at,
        precision=item.published_precision,
        venue=venue or _text(item, "journal_ref"),
        doi=doi,
        arxiv_id=arxiv_id,
        url=next(iter(links), None),
        links=tuple(links[1:]),
    )


def _text(item: StoredItem, name: str) -> str | None:
    found = item.extra.get(name)
    return found if isinstance(found, str) and found.strip() else None
