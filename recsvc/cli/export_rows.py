"""What is exported, as rows: in our words, which `recsvc import` and the API take, and in Gorse's."""

from typing import Any

import msgspec

from recsvc.api.gorse.shapes import item_as_gorse, row_as_gorse
from recsvc.clock import from_us
from recsvc.core.access.trust import trust_of
from recsvc.core.items.item import ItemFields, StoredItem
from recsvc.core.readers.events import Entry
from recsvc.sources.tables.gorse import WHOLE
from recsvc.store.readers.gorse import FeedbackRow
from recsvc.store.readers.index import Known

Row = dict[str, Any]

ITEM = ("id", *ItemFields.__struct_fields__)
USER = ("id", "first_at", "last_at", "items", "shown")
EVENT = (
    *("user", "item", "kind", "at", "value", "event_id", "feed_id", "position"),
    *("received_at", "source", "trust"),
)
INSTANTS = ("published_at", "listed_at", "expires_at", "first_at", "last_at", "at", "received_at")


def item_row(item: StoredItem) -> Row:
    """Return an item as the API takes it."""
    row = {name: getattr(item, name) for name in ITEM}
    return row | {"organisation": msgspec.to_builtins(item.organisation)}


def user_row(known: Known) -> Row:
    """Return a reader."""
    first = None if known.first_us is None else from_us(known.first_us)
    values = (known.user, first, from_us(known.last_us), known.items, known.shown)
    return dict(zip(USER, values, strict=True))


def event_row(entry: Entry) -> Row:
    """Return an event as the API takes it, with when it came, what brought it and who vouches for it."""
    row: Row = {name: getattr(entry, name, None) for name in EVENT}
    value = None if entry.value_milli is None else entry.value_milli / 1000
    return row | {
        "at": from_us(entry.at_us),
        "received_at": from_us(entry.received_us),
        "value": value,
        "trust": trust_of(entry.user, entry.trust).value,
    }


def filled(row: Row) -> Row:
    """Return a row without what says nothing."""
    return {name: value for name, value in row.items() if not says_nothing(value)}


def says_nothing(value: object) -> bool:
    """Return whether a field is not filled: zero and false are values."""
    return value in (None, "", (), {})


def gorse_item(item: StoredItem) -> Row:
    """Return an item in Gorse's words; what it has no word for travels among the labels."""
    theirs: Row = msgspec.to_builtins(item_as_gorse(item))
    labels = theirs["Labels"]
    named = labels if isinstance(labels, dict) else {"labels": labels} if labels else {}
    return theirs | {"Labels": {**named, WHOLE: filled(item_row(item))}}


def gorse_user(user: str, fields: Row) -> Row:
    """Return a user in Gorse's words."""
    return {
        "UserId": user,
        "Labels": fields.get("labels"),
        "Comment": fields.get("comment") or "",
    }


def gorse_feedback(row: FeedbackRow) -> Row:
    """Return a row of feedback in Gorse's words."""
    found: Row = msgspec.to_builtins(row_as_gorse(row))
    return found
