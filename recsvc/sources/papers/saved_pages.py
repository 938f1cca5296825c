"""Saved pages of a daily papers site, as plain text.

A page begins with a call to subscribe; some name the curator and the day the page was saved. Papers
follow as a title and an abstract, blocks apart by empty lines or, on one page, not at all. Some carry
a third block: authors or an organisation, a middle dot, and the paper's date with, at times, a number
- the number of comments, by all that is known.

    Title                                     SubscribeTitle
                                              Abstract …
    Abstract …                                Title
                                              Abstract …
      • 7 authors
    ·
    Nov 25 3

A date without a year stays unknown unless the caller names one: it is never made up.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from recsvc.core.items.item import Organisation
from recsvc.errors import InvalidError
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Note, Options, Record

NAME = "seed-pages"
TITLES_IDENTIFY = True

_CALL = re.compile(r"Get trending papers in your email inbox")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DATE = rf"({'|'.join(_MONTHS)})[a-z]* (\d{{1,2}})(?:, (\d{{4}}))?"
_PAGE_DATE = re.compile(rf"{_DATE}\Z")
_ITEM_DATE = re.compile(rf"{_DATE}(?: (\d+))?\Z")
_AUTHORS = re.compile(r"• (\d+) authors?\Z")
_HEADER = re.compile(r"new\Z|Daily Papers\Z|Subscribe\Z|by\w+ and the research community\Z")
_DOT = "·"
_BULLET = "•"
# Titles of papers stay under 300 characters; abstracts on these pages start at 564.
_TITLE_CHARS = 300

Line = tuple[int, str]


class _Page(msgspec.Struct, frozen=True):
    """What holds for every paper of a page."""

    file: str
    day: date | None
    options: Options

    def instant(self, day: date | None) -> datetime | None:
        """Return when a day begins in the site's zone."""
        if day is None:
            return None
        zone = ZoneInfo(self.options.zone)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def recognises(content: Content, options: Options) -> bool:
    """Return whether this is such a page: the call to subscribe stands in its first lines."""
    return any(_CALL.match(line.strip()) for line in content.head.splitlines()[:10])


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of a page in its order, and what was not understood."""
    numbered = enumerate(content.text().splitlines(), 1)
    header, body = _split_header([(n, line.strip()) for n, line in numbered if line.strip()])
    day, note = _page_day(header, options)
    if note:
        yield Note(content.file, note)
    yield from _papers(_Page(content.file, day, options), body)


def _split_header(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """Split off what comes before the first title; a title glued to `Subscribe` is set free."""
    for i, (n, line) in enumerate(lines):
        if _CALL.match(line) or _HEADER.match(line) or _PAGE_DATE.match(line):
            continue
        if line.startswith("Subscribe"):
            return lines[:i], [(n, line.removeprefix("Subscribe")), *lines[i + 1 :]]
        return lines[:i], lines[i:]
    return lines, []


def _page_day(header: list[Line], options: Options) -> tuple[date | None, str | None]:
    if options.page_date is not None:
        return date.fromisoformat(options.page_date), None
    for _, line in header:
        match = _PAGE_DATE.match(line)
        if match:
            year = int(match[3]) if match[3] else options.year
            if year is None:
                return None, f"the page's date {line!r} names no year; give --year or --page-date"
            day = _day(match, year)
            return day, None if day else f"the page's date {line!r} is no day of {year}"
    return None, None


def _papers(page: _Page, lines: list[Line]) -> Iterator[Record]:
    i, undated = 0, 0
    while i < len(lines):
        n, title = lines[i]
        wrong = _why_no_paper(lines, i)
        if wrong:
            yield Problem(page.file, n, f"{wrong}: {title[:60]!r}")
            i += 1
            continue
        abstract = lines[i + 1][1]
        i += 2
        meta: list[Line] = []
        at_dot = _dot_at(lines, i)
        if at_dot is not None:
            meta, i = lines[i : at_dot + 2], at_dot + 2
        fields, problems, lacks_year = _meta(page, meta)
        undated += lacks_year
        try:
            yield paper(
                title=title,
                text=abstract,
                listed_at=page.instant(page.day),
                written="plain",
                **fields,
            )
        except InvalidError as exc:
            problems.append(Problem(page.file, n, str(exc)))
        yield from problems
    if undated:
        one = undated == 1
        dates = "1 paper's date names" if one else f"{undated} papers' dates name"
        left = "it is" if one else "they are"
        yield Note(page.file, f"{dates} no year; {left} left out (--year or --page-date says it)")


def _why_no_paper(lines: list[Line], i: int) -> str | None:
    """Return why no title and abstract begin at line i; None if they do."""
    title = lines[i][1]
    if len(title) > _TITLE_CHARS or title.startswith((_BULLET, _DOT)):
        return "a title was expected, not"
    if i + 1 == len(lines) or lines[i + 1][1].startswith((_BULLET, _DOT)):
        return "the abstract is missing behind the title"
    is_short = len(lines[i + 1][1]) <= _TITLE_CHARS
    if is_short and i + 2 < len(lines) and len(lines[i + 2][1]) > _TITLE_CHARS:
        return "the abstract is missing behind the title"  # the next line is a title with its own
    return None


def _dot_at(lines: list[Line], i: int) -> int | None:
    """Return where the middle dot of the block that starts at line i stands, if it has one."""
    for k in (i, i + 1):
        if k + 1 < len(lines) and lines[k][1] == _DOT:
            return k
    return None


def _meta(page: _Page, lines: list[Line]) -> tuple[dict[str, Any], list[Problem], bool]:
    """Return the fields of a paper's third block, what is wrong with it, and whether a year lacks."""
    fields: dict[str, Any] = {}
    problems: list[Problem] = []
    lacks_year = False
    for n, line in lines:
        authors, dated = _AUTHORS.match(line), _ITEM_DATE.match(line)
        slug, _, name = line.partition(" ")
        if line == _DOT:
            continue
        if authors:
            fields["n_authors"] = int(authors[1])
        elif dated:
            year = _year(dated, page)
            lacks_year = year is None
            day = None if year is None else _day(dated, year)
            fields |= {"comments": int(dated[4] or 0), "published_at": page.instant(day)}
            if year is not None and day is None:
                problems.append(Problem(page.file, n, f"not a day of {year}: {line!r}"))
        elif (n, line) == lines[0] and name and slug != _BULLET:
            fields["organisation"] = Organisation(slug, name)
        else:
            problems.append(Problem(page.file, n, f"not understood: {line[:60]!r}"))
    return fields, problems, lacks_year


def _year(match: re.Match[str], page: _Page) -> int | None:
    """Return the year of a date: its own, the page's, or the one before the page's.

    A page of 11 March that shows "Dec 9" means last year's.
    """
    if match[3] is not None:
        return int(match[3])
    if page.day is None:
        return page.options.year
    found = (_MONTHS.index(match[1]) + 1, int(match[2]))
    return page.day.year - (found > (page.day.month, page.day.day))


def _day(match: re.Match[str], year: int) -> date | None:
    """Return the day a date names in a year; None if it has no such day."""
    try:
        return date(year, _MONTHS.index(match[1]) + 1, int(match[2]))
    except ValueError:
        return None
