"""What travels: events and items on the way there, lists and figures on the way back.

Answers are read leniently: fields of newer services are ignored, so that a site can upgrade its
service before its clients.
"""

import uuid
from datetime import datetime
from typing import Any

import msgspec


def new_event_id() -> str:
    """Return an id under which an event may be sent any number of times and counts once."""
    return uuid.uuid4().hex


class Event(msgspec.Struct, omit_defaults=True):
    """Something a reader did.

    Attributes:
        kind: `impression`, `click`, `read`, `upvote`, `unvote`, `save`, `unsave`, `share`, `hide`,
            `unhide`, or a kind of the site's own.
        user: None where the credential is the reader's own token.
        at: when it happened, with a time zone; None for when the service gets it.
        value: how much, e.g. the seconds of a `read`.
        feed_id, position: the list and the place in it that led to it.
        sent_at: set whenever it is sent, so that a clock that is wrong does no harm.
    """

    item: str
    kind: str
    user: str | None = None
    at: datetime | None = None
    value: float | None = None
    feed_id: str | None = None
    position: int | None = None
    event_id: str = msgspec.field(default_factory=new_event_id)
    sent_at: datetime | None = None


class Rejection(msgspec.Struct, frozen=True):
    """Why one event or item of a batch was not taken; `index` counts from 0."""

    index: int
    error: str
    field: str | None = None


class Recorded(msgspec.Struct, frozen=True):
    """What became of events; duplicates were known already.

    Attributes:
        unchanged: of those accepted, how many switched nothing.
    """

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    unchanged: int = 0


class Organisation(msgspec.Struct, frozen=True):
    """Who an item comes from."""

    slug: str
    name: str


class NewItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An item as a site describes it; everything but id and title is optional."""

    id: str
    title: str
    text: str = ""
    url: str | None = None
    authors: list[str] = msgspec.field(default_factory=list)
    n_authors: int | None = None
    organisation: Organisation | None = None
    topics: list[str] = msgspec.field(default_factory=list)
    published_at: datetime | None = None
    published_precision: str | None = None
    listed_at: datetime | None = None
    expires_at: datetime | None = None
    upvotes: int = 0
    comments: int = 0
    hidden: bool = False
    aliases: list[str] = msgspec.field(default_factory=list)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Readable(msgspec.Struct, frozen=True):
    r"""What an item says, in characters: `α^2` for `$\alpha^2$`."""

    title: str
    text: str


class Item(msgspec.Struct, kw_only=True, frozen=True):
    """An item as lists show it.

    Attributes:
        address: where to read it: as the host's site says, else its `url`.
        discussion: where its comments are.
        readable: title and text without TeX and markup; None where they have none.
    """

    title: str
    text: str = ""
    readable: Readable | None = None
    url: str | None = None
    address: str | None = None
    discussion: str | None = None
    n_authors: int | None = None
    authors: list[str] = msgspec.field(default_factory=list)
    organisation: Organisation | None = None
    topics: list[str] = msgspec.field(default_factory=list)
    published_at: datetime | None = None
    published_precision: str | None = None
    listed_at: datetime | None = None
    upvotes: int = 0
    comments: int = 0
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class CatalogueItem(Item, kw_only=True, frozen=True):
    """An item as the catalogue knows it."""

    id: str
    hidden: bool = False
    aliases: list[str] = msgspec.field(default_factory=list)


class Upserted(msgspec.Struct, frozen=True):
    """What became of items."""

    created: int
    updated: int
    unchanged: int
    rejected: list[Rejection]


class Reason(msgspec.Struct, frozen=True):
    """Why an item is in a list; `items` are the reader's own that speak for it."""

    kind: str
    text: str = ""
    items: list[str] = msgspec.field(default_factory=list)
    share: float | None = None


class Part(msgspec.Struct, frozen=True):
    """A piece of text, and whether a search found it.

    Attributes:
        tex: the formula that its characters spell; None where it is none.
    """

    text: str
    match: bool = False
    tex: str | None = None


class Highlights(msgspec.Struct, frozen=True):
    """What a search found of an item: all of its title, and the stretch of text that holds most."""

    title: list[Part]
    text: list[Part]


class Listed(msgspec.Struct, frozen=True):
    """One place of a list.

    Attributes:
        item: None with `fields="id"`, and of what a rank could not rank.
        match: of a search, whether it holds `all` words that tell something, or only `some`.
        highlights: a search's.
        account: every voice's points, with `explain=True`.
        vouched: with `explain=True`, its votes by who vouches for them.
    """

    id: str
    position: int
    score: float
    source: str
    reason: Reason
    item: Item | None = None
    match: str | None = None
    highlights: Highlights | None = None
    account: dict[str, Any] | None = None
    vouched: dict[str, Any] | None = None


class Instead(msgspec.Struct, frozen=True):
    """A word that stands nowhere, and what was searched for in its place."""

    word: str
    searched: list[str]


class TopicFacet(msgspec.Struct, frozen=True):
    """How many of the items have a topic."""

    topic: str
    items: int


class OrganisationFacet(msgspec.Struct, frozen=True):
    """How many of the items come from an organisation, named by its slug."""

    organisation: str
    name: str
    items: int


class YearFacet(msgspec.Struct, frozen=True):
    """How many of the items were listed in a year."""

    year: int
    items: int


class Facets(msgspec.Struct, frozen=True):
    """What could narrow a search down, and how much would be left."""

    topics: list[TopicFacet] = msgspec.field(default_factory=list)
    organisations: list[OrganisationFacet] = msgspec.field(default_factory=list)
    years: list[YearFacet] = msgspec.field(default_factory=list)


class QueryReport(msgspec.Struct, frozen=True):
    """What a search made of its query.

    Attributes:
        found: items that hold every word that tells something.
        related: further items, which hold some of the words.
        at_least: whether there are so many that the rest was not counted.
        ignored: words that were not looked for, as others tell more.
        beyond: words that were not looked for, as too many stand before them.
        unknown: words that stand nowhere, and nothing like them does.
        instead: what was searched for in the place of words that stand nowhere.
        facets: with `facets=True`.
    """

    found: int
    related: int = 0
    at_least: bool = False
    ignored: list[str] = msgspec.field(default_factory=list)
    beyond: int = 0
    unknown: list[str] = msgspec.field(default_factory=list)
    instead: list[Instead] = msgspec.field(default_factory=list)
    facets: Facets | None = None


class Feed(msgspec.Struct, frozen=True):
    """A list, and what it was made of; `next` is the cursor of the page that follows.

    Attributes:
        search: of a search, what it made of its query.
        variants: `experiment=variant`, of the experiments that its reader is in.
    """

    feed_id: str
    source: str
    items: list[Listed]
    generated_at: datetime
    user: str | None = None
    snapshot_id: str | None = None
    trained_at: datetime | None = None
    events_behind: int = 0
    stale: bool = False
    next: str | None = None
    search: QueryReport | None = None
    variants: tuple[str, ...] = ()

    @property
    def continuation(self) -> str | None:
        """The cursor of the page that follows; None at the end."""
        return self.next


class PeriodFeed(Feed, frozen=True, kw_only=True):
    """What was listed on a day, in a week or in a month.

    Attributes:
        period: its name; `previous` and `next` are those of the nearest in which something was listed.
        cursor: of the page that follows.
    """

    period: str
    previous: str | None = None
    cursor: str | None = None

    @property
    def continuation(self) -> str | None:
        """The cursor of the page that follows; None at the end."""
        return self.cursor


class ItemVotes(msgspec.Struct, frozen=True):
    """The votes of an item, and whether the reader's is among them."""

    id: str
    upvotes: int
    upvoted: bool


class VotesAnswer(msgspec.Struct, frozen=True):
    """The votes of several items."""

    items: list[ItemVotes]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what a service holds; `next` is the cursor of the page that follows."""

    next: str | None = None

    @property
    def continuation(self) -> str | None:
        """The cursor of the page that follows; None at the end."""
        return self.next


class ItemPage(Page, frozen=True, kw_only=True):
    """Items of the catalogue, in the order of arrival."""

    items: list[CatalogueItem]


class User(msgspec.Struct, frozen=True):
    """A reader, and how much is kept of them.

    Attributes:
        first_at: when they first did something; None if they were only shown something.
        items, shown: how many items they did something to, and were shown.
    """

    id: str
    last_at: datetime
    first_at: datetime | None = None
    items: int = 0
    shown: int = 0


class UserPage(Page, frozen=True, kw_only=True):
    """Readers, in the order of ids."""

    users: list[User]


class LoggedEvent(msgspec.Struct, frozen=True):
    """An event as it was logged: when it happened, and when it came."""

    user: str
    item: str
    kind: str
    at: datetime
    received_at: datetime
    event_id: str | None = None
    feed_id: str | None = None
    position: int | None = None
    value: float | None = None
    source: str | None = None


class EventPage(Page, frozen=True, kw_only=True):
    """Events of the log, in the order of logging."""

    events: list[LoggedEvent]
