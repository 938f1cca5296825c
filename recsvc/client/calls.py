"""Every call as a value: what is sent and what comes back, without sending it.

The sync and the async client differ in how they wait, and in nothing else. The price is two files that
look alike; one generated from the other would be shorter and harder to read.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote

import msgspec

from recsvc.client.errors import UnexpectedAnswerError, problem_of
from recsvc.client.shapes import (
    CatalogueItem,
    Event,
    EventPage,
    Feed,
    ItemPage,
    NewItem,
    PeriodFeed,
    Recorded,
    Rejection,
    Upserted,
    UserPage,
    VotesAnswer,
)

T = TypeVar("T")

PER_CALL = 1_000

Moment = str | date | datetime
# As in `recsvc.core.choices`: the client stands alone, and a test compares.
Seen = Literal["7d", "30d", "forever", "show"]
Fields = Literal["full", "id"]
Window = Literal["day", "week", "month", "all"]
PeriodKind = Literal["daily", "weekly", "monthly"]
Likeness = Literal["both", "text", "readers"]
Sort = Literal["relevance", "new"]
Hidden = Literal["show", "only"]
Order = Literal["newest", "oldest"]

_encode = msgspec.json.Encoder().encode


class Call(msgspec.Struct, Generic[T], frozen=True):
    """One request.

    Attributes:
        answer: what the answer is read as; None where it has no body.
        is_repeatable: whether it may happen twice without harm.
        events: what the body is made of instead, anew whenever it is sent: each says when that was.
    """

    method: str
    path: str
    answer: Any
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    is_repeatable: bool = True
    events: Event | list[Event] | None = None

    def body(self) -> bytes | None:
        """Return what to send now."""
        if self.events is None:
            return self.content
        now = datetime.now(UTC)
        if isinstance(self.events, Event):
            return _encode(_stamped(self.events, now))
        return _encode([_stamped(event, now) for event in self.events])

    def read(self, status: int, body: bytes, retry_after: str | None) -> T:
        """Return the answer.

        Raises:
            ProblemError: when the service refused.
            UnexpectedAnswerError: when the answer cannot be read.
        """
        if status >= 300:
            raise problem_of(status, body, retry_after)
        if self.answer is None:
            return None  # type: ignore[return-value]
        try:
            return msgspec.json.decode(body, type=self.answer)  # type: ignore[no-any-return]
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise UnexpectedAnswerError(f"{self.method} {self.path}: {exc}") from None


class Filters(TypedDict, total=False):
    """What every list can be asked for, besides for whom."""

    limit: int
    cursor: str | None
    topic: Sequence[str]
    topic_all: Sequence[str]
    topic_not: Sequence[str]
    organisation: Sequence[str]
    since: Moment
    until: Moment
    exclude: Sequence[str]
    fields: Fields


class ListFilters(Filters, total=False):
    """The same of a list that is everybody's: for a reader, it comes without what they hid and mute."""

    user: str | None


class FeedFilters(Filters, total=False):
    """What a personal feed can be asked for."""

    seen: Seen
    diversity: float
    freshness_half_life: float
    explore: float
    explain: bool


class ItemFilters(TypedDict, total=False):
    """What the catalogue can be asked for."""

    limit: int
    cursor: str | None
    topic: Sequence[str]
    topic_all: Sequence[str]
    topic_not: Sequence[str]
    organisation: Sequence[str]
    since: Moment
    until: Moment
    exclude: Sequence[str]
    hidden: Hidden


class EventFilters(TypedDict, total=False):
    """What the log can be asked for."""

    limit: int
    cursor: str | None
    user: str
    item: str
    kind: str
    since: Moment
    until: Moment
    order: Order


class Details(TypedDict, total=False):
    """What an event may say besides who did what to which item."""

    at: datetime
    value: float
    feed_id: str
    position: int
    event_id: str


def listing(path: str, filters: Filters, **more: object) -> Call[Feed]:
    """Ask for a list."""
    return Call("GET", path, Feed, _params({**filters, **more}))


def period(kind: PeriodKind, name: Moment, filters: ListFilters) -> Call[PeriodFeed]:
    """Ask for what was listed in a period, by its name: `2025-12-09`, `2025-W50`, `2025-12`."""
    return Call("GET", _path(f"/v1/{kind}/", _text(name)), PeriodFeed, _params({**filters}))


def similar(
    item: str | Sequence[str], unlike: Sequence[str], by: Likeness, filters: ListFilters
) -> Call[Feed]:
    """Ask for what is like some items and unlike others."""
    if isinstance(item, str) and not unlike:
        return listing("/v1/similar", filters, item=item, by=by)
    positive = [item] if isinstance(item, str) else list(item)
    body = _body({**filters, "positive": positive, "negative": list(unlike), "by": by})
    return Call("POST", "/v1/similar", Feed, content=body)


def feed(user: str | None, filters: FeedFilters, history: Iterable[Event]) -> Call[Feed]:
    """Ask for a feed; what an anonymous session did travels along in the body."""
    events = list(history)
    if not events:
        return listing("/v1/feed", filters, user=user)
    body = _body({**filters, "user": user, "history": events})
    return Call("POST", "/v1/feed", Feed, content=body)


def rank(items: Sequence[str], user: str | None, fields: Fields) -> Call[Feed]:
    """Ask for the caller's own candidates in personal order."""
    body = {"items": list(items), "user": user, "fields": fields}
    return Call("POST", "/v1/rank", Feed, content=_encode(body))


def votes(items: Sequence[str], user: str | None) -> Call[VotesAnswer]:
    """Ask for the votes of items."""
    return Call("GET", "/v1/votes", VotesAnswer, _params({"item": items, "user": user}))


def act(event: Event) -> Call[Recorded]:
    """Log one event; unlike in a batch, a mistake in it is an error."""
    return Call("POST", "/v1/events", Recorded, events=_timed(event))


def record(events: list[Event], strict: bool) -> Call[Recorded]:
    """Log events: each carries an id, so that it counts once however often it is sent."""
    params = (("strict", "true"),) if strict else ()
    return Call("POST", "/v1/events", Recorded, params, events=events)


def put_items(items: list[NewItem]) -> Call[Upserted]:
    """Create or replace items."""
    return Call("POST", "/v1/items", Upserted, content=_encode(items))


def get_item(item: str) -> Call[CatalogueItem]:
    """Read an item."""
    return Call("GET", _path("/v1/items/", item), CatalogueItem)


def patch_item(item: str, changes: dict[str, Any]) -> Call[CatalogueItem]:
    """Change fields of an item; not repeated, since somebody else may have changed them meanwhile."""
    path = _path("/v1/items/", item)
    return Call("PATCH", path, CatalogueItem, content=_encode(changes), is_repeatable=False)


def delete_item(item: str) -> Call[None]:
    """Remove an item; not repeated: the second time there would be none."""
    return Call("DELETE", _path("/v1/items/", item), None, is_repeatable=False)


def list_items(filters: ItemFilters) -> Call[ItemPage]:
    """Ask for a page of the catalogue."""
    return Call("GET", "/v1/items", ItemPage, _params({**filters}))


def list_users(limit: int, cursor: str | None) -> Call[UserPage]:
    """Ask for a page of readers."""
    return Call("GET", "/v1/users", UserPage, _params({"limit": limit, "cursor": cursor}))


def list_events(filters: EventFilters) -> Call[EventPage]:
    """Ask for a page of the log."""
    return Call("GET", "/v1/events", EventPage, _params({**filters}))


def raw(method: str, path: str, params: dict[str, object] | None, body: object) -> Call[Any]:
    """Ask for anything else; repeated only where the method may be (RFC 9110, 9.2.2)."""
    content = None if body is None else _encode(body)
    is_repeatable = method.upper() in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
    return Call(method.upper(), path, Any, _params(params or {}), content, is_repeatable)


def batches(things: list[T]) -> Iterable[list[T]]:
    """Yield what fits into one call each; an empty list is one call."""
    for start in range(0, max(len(things), 1), PER_CALL):
        yield things[start : start + PER_CALL]


def recorded(answers: list[Recorded]) -> Recorded:
    """Return what became of several batches as if they had been one."""
    return Recorded(
        sum(a.accepted for a in answers),
        sum(a.duplicates for a in answers),
        _rejections([a.rejected for a in answers]),
        sum(a.unchanged for a in answers),
    )


def upserted(answers: list[Upserted]) -> Upserted:
    """Return what became of several batches as if they had been one."""
    return Upserted(
        sum(a.created for a in answers),
        sum(a.updated for a in answers),
        sum(a.unchanged for a in answers),
        _rejections([a.rejected for a in answers]),
    )


def _timed(event: Event) -> Event:
    """Return an event with its time: now where it names none, however late it gets there."""
    return event if event.at else msgspec.structs.replace(event, at=datetime.now(UTC))


def _stamped(event: Event, now: datetime) -> Event:
    """Return an event that says when it was sent; without a time there is nothing to put right."""
    return msgspec.structs.replace(event, sent_at=now) if event.at else event


def _rejections(batches_of: list[list[Rejection]]) -> list[Rejection]:
    return [
        Rejection(n * PER_CALL + one.index, one.error, one.field)
        for n, batch in enumerate(batches_of)
        for one in batch
    ]


def _body(fields: dict[str, Any]) -> bytes:
    """Return parameters of a list as a body; moments become text, as in a query."""
    moments = {name: _text(fields[name]) for name in ("since", "until") if name in fields}
    return _encode(fields | moments)


def _path(prefix: str, identity: str) -> str:
    """Return the path of an id; dots are encoded too, or `..` would mean the folder above."""
    return prefix + quote(identity, safe="").replace(".", "%2E")


def _params(values: dict[str, object]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        if value is None:
            continue
        many = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
        found += [(name, _text(one)) for one in many]
    return tuple(found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
