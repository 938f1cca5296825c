"""Dates as people say them, no finer than they are known."""

from datetime import date, datetime

from recsvc.core.items.item import Precision


def said(moment: datetime, precision: Precision | None) -> str:
    """Return `2015`, `March 2015`, `about 2015`, `2 March 2015`."""
    if precision == "year":
        return f"{moment.year}"
    if precision == "about":
        return f"about {moment.year}"
    if precision == "month":
        return f"{moment:%B} {moment.year}"
    return f"{moment.day} {moment:%B} {moment.year}"


def weekday(day: date) -> str:
    """Return `Monday, 2 March 2015`."""
    return f"{day:%A}, {day.day} {day:%B %Y}"
