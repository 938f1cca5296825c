"""arXiv's search API over HTTP: all papers of some categories, by the time they were submitted.

Ascending order and a fixed end make pages stable: what is submitted meanwhile is behind the end. A query
gives 30,000 papers at most; a longer one goes on from the last paper's time. At times a page comes back
empty although there is more: asking again helps.
"""

from datetime import UTC, datetime

import msgspec

from recsvc.core.items.item import NewItem
from recsvc.sources.papers import arxiv_atom
from recsvc.sources.reading import feeds
from recsvc.sources.reading.content import Content
from recsvc.sources.records import Options, Record

PAGE = 200
MAX_RESULTS = 30_000
_MINUTE = "%Y%m%d%H%M"


class Query(msgspec.Struct, frozen=True):
    """What is asked for: papers of any of the categories, submitted in [since, until]."""

    categories: tuple[str, ...]
    since: datetime
    until: datetime

    def params(self, start: int) -> dict[str, str]:
        """Return the query of the page that begins with result number `start`, counted from 0."""
        categories = " OR ".join(f"cat:{category}" for category in self.categories)
        since, until = (
            moment.astimezone(UTC).strftime(_MINUTE) for moment in (self.since, self.until)
        )
        return {
            "search_query": f"({categories}) AND submittedDate:[{since} TO {until}]",
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
            "start": str(start),
            "max_results": str(PAGE),
        }


class Found(msgspec.Struct, frozen=True):
    """A page of results.

    Attributes:
        n: results on it.
        total: results of the query.
        last: when the last of them was published.
    """

    records: list[Record]
    n: int
    total: int
    last: datetime | None


def address(base_url: str) -> str:
    """Return where to ask."""
    return f"{base_url.rstrip('/')}/api/query"


def read(url: str, text: str) -> Found:
    """Return what is on a page."""
    content = Content(url, text=text)
    feed = feeds.parse(content)
    records = list(arxiv_atom.read(content, Options()))
    dates = [record.published_at for record in records if isinstance(record, NewItem)]
    return Found(records, len(feed.entries), feed.total or 0, dates[-1] if dates else None)
