"""Dates of publication as references name them, no finer than they are: a year, a month, a day, "about".

`1996`, `2015-03`, `2015/03//`, `2 March 2015`, `2015 Mar-Apr`, `circa 1936`, `[1936?]`; a range is its
beginning. What names no year is no date.
"""

import itertools
import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from recsvc.core.items.item import Precision

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ABOUT = re.compile(r"\b(?:c|ca|circa|about|approx(?:imately)?)\b\.?|[~?]", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})(?:[-/. ](\d{1,2})(?:[-/. ](\d{1,2}))?)(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)([12]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")
_MONTH = re.compile(rf"(?<![a-z])({'|'.join(_MONTHS)})[a-z]*", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)([0-3]?\d)(?:st|nd|rd|th)?(?!\d)")
# "About 1936" says more than a bare 1936 beside it.
_FINEST = ("day", "month", "about", "year")


class Published(msgspec.Struct, frozen=True):
    """When something was published.

    Attributes:
        at: the first instant of what is known.
    """

    at: datetime
    precision: Precision


def published(*said: str | None, is_about: bool = False) -> Published | None:
    """Return the finest date that any of several texts names; None where none names a year."""
    found = [one for text in said if text and (one := _date(text, is_about))]
    return min(found, key=lambda one: _FINEST.index(one.precision), default=None)


def of_parts(parts: Iterable[object], *, is_about: bool = False) -> Published | None:
    """Return the date of a year, a month and a day, as far as they are said one after another.

    Where the first is no number, it may be the whole date in words.
    """
    said = ["" if part is None else str(part).strip().removesuffix(".0") for part in parts]
    numbers = [int(part) for part in itertools.takewhile(str.isdecimal, said[:3])]
    return (
        _made(*numbers, is_about=is_about) if numbers else published(*said[:1], is_about=is_about)
    )


def _date(text: str, is_about: bool) -> Published | None:
    is_about = is_about or _ABOUT.search(text) is not None
    first = _YEAR_FIRST.search(text) or _COMPACT.search(text)
    if first is not None:
        return _made(*(int(part) for part in first.groups() if part), is_about=is_about)
    last = _YEAR_LAST.search(text)
    if last is not None:
        a, b, year = (int(part) for part in last.groups())
        if a > 12 or b > 12:  # otherwise nobody knows which of them is the month
            return _made(year, min(a, b), max(a, b), is_about=is_about)
        return _made(year, is_about=is_about)
    year_found = _YEAR.search(text)
    if year_found is None:
        return None
    month = _MONTH.search(text)
    if month is None:
        return _made(int(year_found[1]), is_about=is_about)
    rest = text[: year_found.start()] + " " + text[year_found.end() :]
    day = _DAY.search(rest)
    number = _MONTHS.index(month[1].lower()) + 1
    return _made(int(year_found[1]), number, int(day[1]) if day else 0, is_about=is_about)


def _made(year: int, month: int = 0, day: int = 0, *, is_about: bool) -> Published | None:
    """Return a date as far as it is one: a month 13 or a 31 June says the year or the month alone."""
    tried: list[tuple[Precision, int, int]] = [
        ("day", month, day),
        ("month", month, 1),
        ("year", 1, 1),
    ]
    for precision, m, d in tried:
        try:
            at = datetime(year, m, d, tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
        return Published(at, "about" if is_about else precision)
    return None
