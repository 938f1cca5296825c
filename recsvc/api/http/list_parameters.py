"""Query parameters that lists share."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Literal, TypeVar

from litestar.params import QueryParameter

from recsvc.clock import to_us
from recsvc.core.items.catalogue import NO_FILTERS, Filters
from recsvc.core.ranking.public_lists import Likeness
from recsvc.errors import InvalidError
from recsvc.lists.shapes import Page

T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items per page.")]
CursorParam = Annotated[
    str | None,
    QueryParameter(
        max_length=16_000,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next` of the page before; 410 when its list is gone.",
    ),
]
Topics = Annotated[list[str] | None, QueryParameter(description="Repeat: any of these topics.")]
TopicsAll = Annotated[list[str] | None, QueryParameter(description="Repeat: all of these topics.")]
TopicsNot = Annotated[list[str] | None, QueryParameter(description="Repeat: none of these topics.")]
Since = Annotated[
    str | None, QueryParameter(description="Listed at or after: a date or an RFC 3339 instant.")
]
Until = Annotated[str | None, QueryParameter(description="Listed before: a date or an instant.")]
Organisations = Annotated[
    list[str] | None,
    QueryParameter(description="Repeat: from any of these organisations, by slug."),
]
Exclude = Annotated[list[str] | None, QueryParameter(description="Repeat: none of these items.")]
Fields = Annotated[
    Literal["full", "id"], QueryParameter(description="`full`: each item with its fields.")
]
By = Annotated[
    Likeness,
    QueryParameter(description="Likeness of what: the `text`, its `readers`, or both."),
]
UserParam = Annotated[str | None, QueryParameter(max_length=256, description="Id of the reader.")]
Seen = Annotated[
    Literal["7d", "30d", "forever", "show"] | None,
    QueryParameter(
        description="Leave out what was acted on or shown in this time; `show` leaves out only "
        "hidden items. Without it, what was acted on is left out for ever."
    ),
]
Diversity = Annotated[
    float | None,
    QueryParameter(
        ge=0,
        le=1,
        description="0: in the order of the scores; 1: each as unlike the others as can be.",
    ),
]
Explore = Annotated[
    float | None,
    QueryParameter(
        ge=0, le=1, description="Share of the slots behind the first three that are left to chance."
    ),
]
Explain = Annotated[
    bool, QueryParameter(description="With the points of every voice, and what is behind them.")
]
HalfLife = Annotated[
    float | None, QueryParameter(gt=0, le=36_500, description="Days in which freshness halves.")
]


def page(
    limit: int,
    cursor: str | None,
    fields: str,
    topic: list[str] | None = None,
    topic_all: list[str] | None = None,
    topic_not: list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    exclude: list[str] | None = None,
    organisation: list[str] | None = None,
) -> Page:
    """Put a list's parameters together.

    Raises:
        InvalidError: for a date that is none, naming the parameter.
    """
    filters = NO_FILTERS
    if topic or topic_all or topic_not or since or until or exclude or organisation:
        filters = Filters(
            tuple(topic or ()),
            tuple(topic_all or ()),
            tuple(topic_not or ()),
            instant(since, "since"),
            instant(until, "until"),
            tuple(exclude or ()),
            tuple(organisation or ()),
        )
    return Page(limit, cursor, filters, fields == "id", encoded=True)


def asked_page(
    limit: Limit = 20,
    cursor: CursorParam = None,
    topic: Topics = None,
    topic_all: TopicsAll = None,
    topic_not: TopicsNot = None,
    organisation: Organisations = None,
    since: Since = None,
    until: Until = None,
    exclude: Exclude = None,
    fields: Fields = "full",
) -> Page:
    """Read the parameters that every list takes; a dependency, so that handlers need not name them."""
    return page(
        limit, cursor, fields, topic, topic_all, topic_not, since, until, exclude, organisation
    )


def instant(text: str | None, field: str) -> int | None:
    """Read a date (its first instant, UTC) or an RFC 3339 instant.

    Raises:
        InvalidError: when it is neither.
    """
    if text is None:
        return None
    parsers: list[Callable[[str], datetime]] = [_day, datetime.fromisoformat]
    for parse in parsers:
        try:
            moment = parse(text)
            return to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            continue
    raise InvalidError(f"{field}: not a date or an RFC 3339 instant", field)


def _day(text: str) -> datetime:
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
