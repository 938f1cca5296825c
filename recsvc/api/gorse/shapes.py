"""Gorse's bodies, and what they are here: an item of the catalogue, an event of the log.

What the catalogue has no place for - labels of any shape, the comment, categories as they were given -
travels in the item's `extra` under `gorse`, so that it comes back as it went.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request
from msgspec import Meta

from recsvc.api.gorse import times
from recsvc.api.http import request_body as body
from recsvc.api.services import Services
from recsvc.clock import from_us, to_us
from recsvc.core.fitting import without_nulls
from recsvc.core.ids import Id
from recsvc.core.items.item import NewItem, StoredItem
from recsvc.core.readers.events import Entry, accept, event_of
from recsvc.core.readers.gorse_feedback import event_fields, kind_of
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError
from recsvc.store.readers.gorse import FeedbackRow

MAX_ROWS = 10_000

_Names = Annotated[list[str], Meta(max_length=1_000)]

_TITLE_CHARS, _TEXT_CHARS, _TOPIC_CHARS, _TOPICS = 1_000, 100_000, 100, 100
_HELD = "gorse"


class User(msgspec.Struct, rename="pascal", omit_defaults=False):
    """A user."""

    user_id: Id
    labels: Any = None
    comment: str = ""
    subscribe: _Names | msgspec.UnsetType = msgspec.UNSET


class UserPatch(msgspec.Struct, rename="pascal"):
    """What to change of a user; null leaves."""

    labels: Any = None
    comment: str | None = None
    subscribe: _Names | None = None


class Item(msgspec.Struct, rename="pascal"):
    """An item."""

    item_id: Id
    is_hidden: bool = False
    categories: _Names | None = None
    timestamp: str | None = None
    labels: Any = None
    comment: str = ""


class ItemPatch(msgspec.Struct, rename="pascal"):
    """What to change of an item; null leaves."""

    is_hidden: bool | None = None
    categories: _Names | None = None
    timestamp: str | None = None
    labels: Any = None
    comment: str | None = None


class Feedback(msgspec.Struct, rename="pascal"):
    """What a user gave an item."""

    feedback_type: Id
    user_id: Id
    item_id: Id
    value: Annotated[float, Meta(ge=-1e15, le=1e15)] = 0.0
    timestamp: str | None = None
    labels: Any = None
    comment: str = ""


class FeedbackAnswer(msgspec.Struct, rename="pascal", frozen=True):
    """The same as Gorse answers it."""

    feedback_type: str
    user_id: str
    item_id: str
    value: float
    timestamp: str
    updated: str
    labels: Any
    comment: str


class Success(msgspec.Struct, rename="pascal", frozen=True):
    """How many rows a call wrote."""

    row_affected: int


class Score(msgspec.Struct, rename="pascal", frozen=True):
    """An item or a user, and how much speaks for it."""

    id: str
    score: float


async def read(request: Request[Any, Any, Any], services: Services, shape: Any) -> Any:
    """Return the body, read as a shape; what is null is not said, as Go has it.

    Raises:
        InvalidError: naming the field.
    """
    raw = await body.read(request, services.settings.max_body_bytes)
    decoder = msgspec.json.Decoder(shape)
    try:
        return body.decode(raw, decoder)
    except InvalidError as exc:
        if "`null`" not in str(exc):
            raise
    return body.decode(msgspec.json.encode(without_nulls(msgspec.json.decode(raw))), decoder)


def item_of(given: Item, now_us: int) -> NewItem:
    """Return what the catalogue is to hold: the comment is the title, words among the labels the text.

    All three are kept as they came, too; where title and text have to be shorter, they say so by `…`.

    Raises:
        InvalidError: for categories that cannot be topics, since nothing could be found by them.
    """
    listed: datetime | None = None
    if given.timestamp:
        listed = from_us(times.instant_us(given.timestamp, now_us))
    held = {"Categories": given.categories, "Labels": given.labels, "Comment": given.comment}
    words = " ".join(_words(given.labels))
    return NewItem(
        id=given.item_id,
        title=_cut(given.comment.strip(), _TITLE_CHARS) or given.item_id,
        text=_cut(words, _TEXT_CHARS),
        topics=tuple(_topics(given.categories or [])),
        listed_at=listed,
        hidden=given.is_hidden,
        extra={_HELD: {name: value for name, value in held.items() if value}},
    )


def item_as_gorse(item: StoredItem) -> Item:
    """Return an item of the catalogue as Gorse's clients know it, whoever brought it."""
    held = item.extra.get(_HELD) or {}
    is_theirs = _HELD in item.extra
    listed_us = item.created_us if item.listed_at is None else to_us(item.listed_at)
    return Item(
        item_id=item.id,
        is_hidden=item.hidden,
        categories=held.get("Categories") or ([] if is_theirs else list(item.topics)),
        timestamp=times.written(listed_us),
        labels=held.get("Labels"),
        comment=held.get("Comment") or ("" if is_theirs else item.title),
    )


def row_of(given: Feedback, now_us: int) -> FeedbackRow:
    """Return feedback as a row."""
    return FeedbackRow(
        type=given.feedback_type,
        user=given.user_id,
        item=given.item_id,
        value=given.value,
        at_us=times.instant_us(given.timestamp, now_us),
        updated_us=now_us,
        labels=msgspec.json.encode(given.labels).decode(),
        comment=given.comment,
    )


def row_as_gorse(row: FeedbackRow) -> FeedbackAnswer:
    """Return a row as Gorse answers it."""
    return FeedbackAnswer(
        row.type,
        row.user,
        row.item,
        row.value,
        times.written(row.at_us),
        times.written(row.updated_us),
        msgspec.json.decode(row.labels),
        row.comment,
    )


def entry_of(
    row: FeedbackRow, types: Mapping[str, str], kinds: Mapping[str, Kind], now_us: int
) -> Entry:
    """Return feedback as an event."""
    kind = kind_of(row.type, types)
    fields = event_fields(row.type, row.user, row.item, row.at_us, row.value, kind, now_us)
    return accept(event_of(fields), None, kinds, now_us)


def _topics(categories: list[str]) -> list[str]:
    kept = [c for c in dict.fromkeys(categories) if c]
    if any(len(c) > _TOPIC_CHARS for c in kept):
        raise InvalidError(f"a category has at most {_TOPIC_CHARS} characters", "Categories")
    if len(kept) > _TOPICS:
        raise InvalidError(f"an item has at most {_TOPICS} categories", "Categories")
    return kept


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _words(labels: Any) -> list[str]:
    """Return every text within labels of any shape."""
    if isinstance(labels, str):
        return [labels]
    within = labels.values() if isinstance(labels, dict) else labels
    if not isinstance(labels, list | dict):
        return []
    return [word for one in within for word in _words(one)]
