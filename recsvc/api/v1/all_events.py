"""The event log, page by page: what is archived, and what is not yet."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from recsvc.api.http.list_parameters import instant
from recsvc.api.http.positions import Cursor, Limit, opened, sealed
from recsvc.api.http.query_shapes import reads
from recsvc.api.services import Services
from recsvc.clock import from_us, now_us
from recsvc.core.access.caller import EVERYBODY
from recsvc.core.readers.events import Entry
from recsvc.errors import InvalidError
from recsvc.store.log.questions import Place, Question

_User = Annotated[str, Meta(min_length=1, max_length=256, description="Of this reader.")]
_Item = Annotated[
    str, Meta(min_length=1, max_length=256, description="On this item, under any of its names.")
]
_Kind = Annotated[str, Meta(min_length=1, max_length=256, description="Of this kind.")]
_Since = Annotated[str, Meta(description="Happened at or after: a date or an RFC 3339 instant.")]
_Until = Annotated[str, Meta(description="Happened before: a date or an instant.")]
_Order = Annotated[
    Literal["newest", "oldest"], Meta(description="Which come first, in the order of logging.")
]


class EventsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events."""

    user: _User | None = None
    item: _Item | None = None
    kind: _Kind | None = None
    since: _Since | None = None
    until: _Until | None = None
    order: _Order = "newest"
    limit: Limit = 100
    cursor: Cursor | None = None


class LoggedEvent(msgspec.Struct, frozen=True):
    """An event as it was logged.

    Attributes:
        at: when it happened, by the client's word; `received_at`: when it came.
        source: what brought it, where it was no client.
    """

    user: str
    item: str
    kind: str
    at: datetime
    received_at: datetime
    event_id: str | None
    feed_id: str | None
    position: int | None
    value: float | None
    source: str | None


class EventList(msgspec.Struct, frozen=True):
    """A page of events; `next` is the cursor of the page that follows."""

    events: list[LoggedEvent]
    next: str | None


@get("/v1/events", operation_id="listEvents", tags=["events"], access=EVERYBODY)
@reads(EventsAsked)
async def list_events(services: NamedDependency[Services], asked: EventsAsked) -> EventList:
    """The event log in the order of logging, newest first unless told otherwise.

    A worker looks it up, since only workers have the archive; without one the answer is 503. A page may
    be short, even empty, although more follow: what is rare takes longer to find than a call may last.
    """
    aliases = services.live.catalogue.aliases
    item = None if asked.item is None else aliases.resolve(asked.item)
    question = Question(
        asked_us=now_us(),
        limit=asked.limit,
        user=asked.user,
        items=() if item is None else (item, *aliases.of(item)),
        kind=asked.kind,
        since_us=instant(asked.since, "since"),
        until_us=instant(asked.until, "until"),
        after=_place(asked.cursor),
        oldest_first=asked.order == "oldest",
    )
    answer = await services.questions.ask(question)
    cursor = None if answer.follow is None else sealed("-".join(map(str, answer.follow)))
    return EventList([logged(entry) for entry in answer.entries], cursor)


def logged(entry: Entry) -> LoggedEvent:
    """Return an entry of the log as it is answered."""
    return LoggedEvent(
        user=entry.user,
        item=entry.item,
        kind=entry.kind,
        at=from_us(entry.at_us),
        received_at=from_us(entry.received_us),
        event_id=entry.event_id,
        feed_id=entry.feed_id,
        position=entry.position,
        value=None if entry.value_milli is None else entry.value_milli / 1000,
        source=entry.source,
    )


def _place(cursor: str | None) -> Place | None:
    """Return the place that a cursor names.

    Raises:
        InvalidError: when it names none.
    """
    if not cursor:
        return None
    parts = opened(cursor).split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdecimal() and len(p) < 16 for p in parts):
        raise InvalidError("not a cursor of this service", "cursor")
    ms, seq, shard = map(int, parts)
    return ms, seq, shard
