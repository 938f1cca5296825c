"""The client of recsvc's HTTP API, for Python programs: sync and async, needing httpx and msgspec only.

    from recsvc.client import Client, Event

    with Client("http://127.0.0.1:8000", key="…") as recsvc:
        recsvc.act("alice", "upvote", "2503.01234")
        for listed in recsvc.feed("alice", limit=10).items:
            print(listed.position, listed.item.title, "-", listed.reason.text)

        recsvc.events.add(Event("2503.01234", "click", "alice"))  # some time soon, with others

Calls that may be repeated without harm are repeated when the service cannot be reached or is busy;
events always may, since they carry ids. See docs/clients.md.
"""

from recsvc.client.aio import AsyncClient
from recsvc.client.batcher import BatchFullError, EventBatcher
from recsvc.client.errors import (
    CallError,
    ConflictError,
    ExpiredError,
    InvalidError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    ProblemError,
    ServerError,
    TimedOutError,
    TooLargeError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreachableError,
)
from recsvc.client.retry import Retry
from recsvc.client.shapes import (
    CatalogueItem,
    Event,
    EventPage,
    Facets,
    Feed,
    Highlights,
    Instead,
    Item,
    ItemPage,
    ItemVotes,
    Listed,
    LoggedEvent,
    NewItem,
    Organisation,
    OrganisationFacet,
    Part,
    PeriodFeed,
    QueryReport,
    Reason,
    Recorded,
    Rejection,
    TopicFacet,
    Upserted,
    User,
    UserPage,
    YearFacet,
)
from recsvc.client.sync import Client

__all__ = [
    "AsyncClient",
    "BatchFullError",
    "CallError",
    "CatalogueItem",
    "Client",
    "ConflictError",
    "Event",
    "EventBatcher",
    "EventPage",
    "ExpiredError",
    "Facets",
    "Feed",
    "Highlights",
    "Instead",
    "InvalidError",
    "Item",
    "ItemPage",
    "ItemVotes",
    "Listed",
    "LoggedEvent",
    "NewItem",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "Organisation",
    "OrganisationFacet",
    "Part",
    "PeriodFeed",
    "ProblemError",
    "QueryReport",
    "Reason",
    "Recorded",
    "Rejection",
    "Retry",
    "ServerError",
    "TimedOutError",
    "TooLargeError",
    "TooManyRequestsError",
    "TopicFacet",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "Upserted",
    "User",
    "UserPage",
    "YearFacet",
]
