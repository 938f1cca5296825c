"""What a list can be asked for, said once: in a query, in a body, as a feed for readers.

Each shape is a struct. `POST` reads it as it is; `GET` reads the same fields from the query
(`query_shapes.py`), so that no call can know a parameter which another of its kind does not.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.params import QueryParameter
from msgspec import Meta

from recsvc.api.http.door import caller_of
from recsvc.clock import to_us
from recsvc.core.choices import Fields, Likeness, Seen, Sort, Window
from recsvc.core.items.catalogue import NO_FILTERS, Filters
from recsvc.core.moments import without_leap_second
from recsvc.core.text.query import MAX_CHARS
from recsvc.errors import InvalidError
from recsvc.lists.searched import Manner
from recsvc.lists.shapes import FeedOptions, Page

# What a list costs grows with every name: nobody means more of them.
_MAX_NAMES = 100
_MAX_ITEMS = 1_000

_Any = Annotated[
    tuple[str, ...], Meta(max_length=_MAX_NAMES, description="Repeat: any of these topics.")
]
_All = Annotated[
    tuple[str, ...], Meta(max_length=_MAX_NAMES, description="Repeat: all of these topics.")
]
_None = Annotated[
    tuple[str, ...], Meta(max_length=_MAX_NAMES, description="Repeat: none of these topics.")
]
_Organisations = Annotated[
    tuple[str, ...],
    Meta(max_length=_MAX_NAMES, description="Repeat: from any of these organisations, by slug."),
]
_Items = Annotated[
    tuple[str, ...], Meta(max_length=_MAX_ITEMS, description="Repeat: none of these items.")
]
_Since = Annotated[str, Meta(description="Listed at or after: a date or an RFC 3339 instant.")]
_Until = Annotated[str, Meta(description="Listed before: a date or an instant.")]
_Limit = Annotated[int, Meta(ge=1, le=100, description="Items per page.")]
_Cursor = Annotated[
    str,
    Meta(
        max_length=16_000,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next` of the page before; 410 when its list is gone.",
    ),
]
_User = Annotated[
    str,
    Meta(
        max_length=256,
        description="Id of the reader: what they hid and mute is left out.",
    ),
]
_FieldsAsked = Annotated[Fields, Meta(description="`full`: each item with its fields.")]
_Seen = Annotated[
    Seen,
    Meta(
        description="Leave out what was acted on or shown in this time; `show` leaves out only "
        "hidden items. Without it, what was acted on is left out for ever."
    ),
]
_Diversity = Annotated[
    float,
    Meta(
        ge=0,
        le=1,
        description="0: in the order of the scores; 1: each as unlike the others as can be.",
    ),
]
_HalfLife = Annotated[float, Meta(gt=0, le=36_500, description="Days in which freshness halves.")]
_Explore = Annotated[
    float,
    Meta(
        ge=0, le=1, description="Share of the slots behind the first three that are left to chance."
    ),
]
_Explain = Annotated[
    bool, Meta(description="With the points of every voice, and what is behind them.")
]

_Window = Annotated[
    Window, Meta(description="Items voted on in this time, by votes that fade accordingly.")
]
_By = Annotated[Likeness, Meta(description="Likeness of what: the `text`, its `readers`, or both.")]
_Prefix = Annotated[bool, Meta(description="The last word may be only the beginning of one.")]
_Sort = Annotated[Sort, Meta(description="`new`: latest listed first.")]
_Facets = Annotated[
    bool, Meta(description="With the topics, organisations and years of what was found.")
]
_Item = Annotated[str, Meta(max_length=256, description="Of `similar`: id of the item.")]
_Words = Annotated[str, Meta(max_length=MAX_CHARS, description="Of `search`: the query.")]

# For pages and other calls that are no lists themselves.
CursorParam = Annotated[str | None, QueryParameter(max_length=16_000, pattern=r"^[A-Za-z0-9_-]*$")]
UserParam = Annotated[str | None, QueryParameter(max_length=256, description="Id of the reader.")]


class Narrowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items a list may show."""

    topic: _Any = ()
    topic_all: _All = ()
    topic_not: _None = ()
    organisation: _Organisations = ()
    since: _Since | None = None
    until: _Until | None = None
    exclude: _Items = ()

    def filters(self) -> Filters:
        """Return the same as the catalogue knows it.

        Raises:
            InvalidError: for a date that is none, naming the parameter.
        """
        found = Filters(
            topic=self.topic,
            topic_all=self.topic_all,
            topic_not=self.topic_not,
            organisation=self.organisation,
            since_us=instant(self.since, "since"),
            until_us=instant(self.until, "until"),
            exclude=self.exclude,
        )
        return NO_FILTERS if found == NO_FILTERS else found


class EntriesAsked(Narrowed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a list in a format for feed readers can be asked for."""

    limit: _Limit = 50

    def page(self) -> Page:
        """Return how the list is asked for: its formats have their own way with items."""
        return Page(self.limit, None, self.filters(), ids_only=True, goes_on=False)


class FileAsked(EntriesAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same of a list by its name, some of which take more."""

    window: _Window | None = None
    item: _Item | None = None
    q: _Words | None = None


class ListAsked(Narrowed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every list can be asked for."""

    user: _User | None = None
    limit: _Limit = 20
    cursor: _Cursor | None = None
    fields: _FieldsAsked = "full"

    def page(self, user: str | None = None) -> Page:
        """Return how the list is asked for.

        Args:
            user: the reader who asks, as far as the caller's credential lets it name one.
        """
        return Page(
            self.limit,
            self.cursor,
            self.filters(),
            ids_only=self.fields == "id",
            encoded=True,
            user=user,
        )


class TrendingAsked(ListAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What trending can be asked for."""

    window: _Window = "week"


class SimilarAsked(ListAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What similar can be asked for, besides to what."""

    by: _By = "both"


class SearchAsked(ListAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a search can be asked for, besides for what."""

    prefix: _Prefix = False
    sort: _Sort = "relevance"
    facets: _Facets = False

    def manner(self) -> Manner:
        """Return how is searched."""
        return Manner(self.prefix, self.sort, self.facets)


class FeedAsked(ListAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a personal feed can be asked for beyond that."""

    seen: _Seen | None = None
    diversity: _Diversity | None = None
    freshness_half_life: _HalfLife | None = None
    explore: _Explore | None = None
    explain: _Explain = False

    def page(self, user: str | None = None) -> Page:
        """Return how the feed is asked for."""
        return msgspec.structs.replace(super().page(user), explain=self.explain)

    def options(self) -> FeedOptions:
        """Return what the reader wants otherwise than usual."""
        return FeedOptions(self.seen, self.freshness_half_life, self.diversity, self.explore)


def page_for(request: Request[Any, Any, Any], asked: ListAsked) -> Page:
    """Return how a list that is everybody's is asked for, by the reader whom the request may name.

    Raises:
        NotAllowedError: when a user token names another reader.
    """
    return asked.page(caller_of(request).reader(asked.user))


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
            moment = parse(without_leap_second(text))
            return to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            continue
    raise InvalidError(f"{field}: not a date or an RFC 3339 instant", field)


def _day(text: str) -> datetime:
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
