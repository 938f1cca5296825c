"""Daily papers of Hugging Face over HTTP: a day, a week or a month, page by page.

Asked for a day without a list - tomorrow, a Sunday - the server answers with another day's and does not
say so. The day on which papers were submitted tells.
"""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from recsvc.core.items.item import NewItem
from recsvc.errors import InvalidError
from recsvc.sources.papers import hf_daily
from recsvc.sources.reading.content import Content
from recsvc.sources.records import Note, Options, Record

PAGE = 100


class Period(msgspec.Struct, frozen=True):
    """What a list is of, as the server takes it.

    Attributes:
        value: `2025-12-09`, `2025-W50` or `2025-12`.
    """

    kind: Literal["date", "week", "month"]
    value: str

    def holds(self, moment: datetime | None) -> bool:
        """Return whether something listed then is of this period."""
        return moment is not None and _values(moment)[self.kind] == self.value


def period(kind: Literal["date", "week", "month"], text: str) -> Period:
    """Return a period.

    Raises:
        InvalidError: when there is no such day, week or month.
    """
    try:
        if kind == "date":
            found = date.fromisoformat(text)
        elif kind == "week":
            found = datetime.strptime(f"{text}-1", "%G-W%V-%u").date()  # noqa: DTZ007 - a day
        else:
            found = date.fromisoformat(f"{text}-01")
    except ValueError:
        example = {"date": "2025-12-09", "week": "2025-W50", "month": "2025-12"}[kind]
        raise InvalidError(f"--{kind}: {text!r} is none ({example})") from None
    return Period(kind, _values(found)[kind])


def days(since: date, until: date) -> list[Period]:
    """Return every day from one to another, both included."""
    n = (until - since).days + 1
    return [Period("date", (since + timedelta(days=i)).isoformat()) for i in range(n)]


def address(base_url: str, asked: Period, number: int) -> tuple[str, dict[str, str]]:
    """Return where a page is, counted from 0."""
    params = {asked.kind: asked.value, "p": str(number), "limit": str(PAGE)}
    return f"{base_url.rstrip('/')}/api/daily_papers", params


def read(url: str, text: str, asked: Period) -> tuple[list[Record], int]:
    """Return the records of a page and how many papers it held; another period's are left out."""
    content = Content(url, text=text)
    if text.strip() == "[]":
        return [Note(url, f"nothing was listed in {asked.value}")], 0
    if not hf_daily.recognises(content, Options()):
        raise InvalidError(f"{url} did not answer with daily papers: {text[:100]!r}")
    records = list(hf_daily.read(content, Options()))
    items = [record for record in records if isinstance(record, NewItem)]
    if items and not any(asked.holds(item.listed_at) for item in items):
        other = _values(items[0].listed_at)[asked.kind] if items[0].listed_at else "another time"
        return [Note(url, f"nothing was listed in {asked.value}: the answer was of {other}")], 0
    return records, len(records)


def _values(moment: date) -> dict[str, str]:
    year, week, _ = moment.isocalendar()
    return {
        "date": moment.strftime("%Y-%m-%d"),
        "week": f"{year}-W{week:02d}",
        "month": moment.strftime("%Y-%m"),
    }
