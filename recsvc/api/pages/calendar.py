"""Days, weeks and months as pages name them and link them to each other."""

from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from recsvc.api.services import Services
from recsvc.clock import from_us, now_us, to_us
from recsvc.core.choices import PeriodKind
from recsvc.core.items.dating import weekday
from recsvc.core.items.item import UNDATED
from recsvc.core.items.periods import Period, holding, last_day, named
from recsvc.lists.shapes import PeriodFeed

_KINDS: tuple[PeriodKind, ...] = ("daily", "weekly", "monthly")
_WORDS = {"daily": "Day", "weekly": "Week", "monthly": "Month"}


class View(msgspec.Struct, frozen=True):
    """A link to a period."""

    label: str
    href: str
    is_current: bool = False


class Steps(msgspec.Struct, frozen=True):
    """Where one can go from a period: the nearest ones in which something was listed."""

    previous: View | None
    following: View | None


def latest_us(services: Services) -> int | None:
    """Return when anything was listed last, not after now; None without items."""
    catalogue = services.live.catalogue
    listed_us = catalogue.listed_us[catalogue.newest()]  # latest first
    past = listed_us[np.searchsorted(-listed_us, -now_us()) :]
    return int(past[0]) if len(past) and past[0] != to_us(UNDATED) else None


def title(period: Period, zone: ZoneInfo) -> str:
    """Return what a period is called in a heading."""
    first = from_us(period.start_us).astimezone(zone)
    if period.kind == "monthly":
        return f"{first:%B %Y}"
    if period.kind == "daily":
        return weekday(first)
    last = last_day(period, zone)
    start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    if first.year != last.year:
        start += f" {first.year}"
    return f"{start} – {last.day} {last:%B %Y}"


def views(period: Period, feed: PeriodFeed, zone: ZoneInfo) -> list[View]:
    """Return the same time as a day, a week and a month.

    A day of a month is the one of its first paper on the page, so that it is not empty.
    """
    at_us = period.start_us
    moments = [
        place.item.listed_at
        for place in feed.items
        if not isinstance(place.item, msgspec.UnsetType) and place.item.listed_at is not None
    ]
    if moments:
        at_us = to_us(moments[0])
    return [
        View(_WORDS[kind], f"/{kind}/{holding(kind, at_us, zone).name}", kind == period.kind)
        for kind in _KINDS
    ]


def steps(feed: PeriodFeed, kind: PeriodKind, zone: ZoneInfo) -> Steps:
    """Return the links to the periods before and after."""

    def link(name: str | None) -> View | None:
        if name is None:
            return None
        return View(title(named(kind, name, zone), zone), f"/{kind}/{name}")

    return Steps(link(feed.previous), link(feed.next))


def date_in(period: Period, zone: ZoneInfo) -> str:
    """Return a period's first date, as date fields want it."""
    return from_us(period.start_us).astimezone(zone).date().isoformat()
