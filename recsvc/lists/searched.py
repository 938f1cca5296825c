"""A search as it is asked for, and what it says of itself: counts, words, what could narrow it."""

import msgspec

from recsvc.core.choices import Sort
from recsvc.lists.shapes import Feed


class Manner(msgspec.Struct, frozen=True):
    """How is searched.

    Attributes:
        prefix: whether the last word may be only the beginning of one, as while it is typed.
        sort: `new` puts what was found in the order of listing, latest first.
        facets: whether to count what could narrow the search down.
    """

    prefix: bool = False
    sort: Sort = "relevance"
    facets: bool = False


BEST_FIRST = Manner()


class Instead(msgspec.Struct, frozen=True):
    """A word that stands nowhere, taken for a typo.

    Attributes:
        searched: what was searched for in its place, what most items say first.
    """

    word: str
    searched: list[str]


class TopicFacet(msgspec.Struct, frozen=True):
    """How many of the items have a topic."""

    topic: str
    items: int


class OrganisationFacet(msgspec.Struct, frozen=True):
    """How many of the items come from an organisation.

    Attributes:
        organisation: its slug, by which lists are narrowed down.
    """

    organisation: str
    name: str
    items: int


class YearFacet(msgspec.Struct, frozen=True):
    """How many of the items were listed in a year, in the service's zone."""

    year: int
    items: int


class Facets(msgspec.Struct, frozen=True):
    """What could narrow a search down.

    Attributes:
        topics, organisations: those of most items first, then by name.
        years: latest first.
    """

    topics: list[TopicFacet]
    organisations: list[OrganisationFacet]
    years: list[YearFacet]


class QueryReport(msgspec.Struct, frozen=True):
    """What a search made of its query.

    Attributes:
        found: items that hold every word that tells something, or go by what was asked for.
        related: further items, which hold some of the words; behind the others, and none of
            them with `sort=new`.
        at_least: whether there are so many that the rest was not counted.
        ignored: words that were not looked for, as others tell more.
        beyond: words that were not looked for, as too many stand before them.
        unknown: words that stand nowhere, and nothing like them does.
        instead: what was searched for in the place of words that stand nowhere.
        facets: of what was found or, where that is nothing, of what is related; with `facets=true`.
    """

    found: int
    related: int
    at_least: bool
    ignored: list[str]
    beyond: int
    unknown: list[str]
    instead: list[Instead]
    facets: Facets | msgspec.UnsetType = msgspec.UNSET


class SearchFeed(Feed, frozen=True, kw_only=True):
    """What a search found, and what it made of its query."""

    search: QueryReport
