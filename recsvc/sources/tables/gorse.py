"""Gorse's bulk files: users, items and feedback as JSON lines, as its dashboard exports them.

Feedback is read as Gorse's API reads it (RECSVC_GORSE_FEEDBACK); `--kind x=upvote` goes before that.
Labels are whatever a site put there: a list of words becomes topics, of an object the title and the text
are taken. Its users carry nothing that is kept here: readers exist by their events.
https://gorse.io/docs/concepts/data-source
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from recsvc.clock import from_us, now_us, to_us
from recsvc.core.fitting import fitted, without_nulls
from recsvc.core.items.item import NewItem
from recsvc.core.readers.events import Event, event_of
from recsvc.core.readers.gorse_feedback import event_fields, kind_of
from recsvc.core.readers.gorse_times import moment_us
from recsvc.sources.fitting import lenient
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Happened, Note, Options, Paper, Record, convert_each
from recsvc.sources.tables import rows as tables
from recsvc.sources.text.unwrapping import one_line, paragraphs

NAME = "gorse"
# Among an item's labels: the item as we know it, which Gorse has no fields for (`recsvc export`).
WHOLE = "recsvc"
TITLES_IDENTIFY = False


class _Item(msgspec.Struct, rename="pascal"):
    item_id: Any
    is_hidden: bool = False
    categories: list[str] | None = None
    timestamp: str = ""
    labels: Any = None
    comment: str = ""


class _Feedback(msgspec.Struct, rename="pascal"):
    feedback_type: str
    user_id: Any
    item_id: Any
    timestamp: str = ""
    value: float = 0.0


def recognises(content: Content, options: Options) -> bool:
    """Return whether the first record is a user, an item or a feedback."""
    form = json_records.shape(content)
    return form is not None and bool(form.first.keys() & {"ItemId", "UserId"})


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the items or the feedback of a file."""
    users = 0

    def convert(place: Place, raw: str) -> NewItem | Happened | None:
        nonlocal users
        keys = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).keys()
        if "FeedbackType" in keys:
            return Happened(place, _event(raw, options))
        if "ItemId" in keys:
            return _item(raw)
        users += 1
        return None

    form = json_records.shape(content)
    assert form is not None
    yield from convert_each(json_records.read(content, form), convert)
    if users:
        yield Note(content.file, f"{users} users: nothing to keep, readers exist by their events")


def _item(raw: str) -> NewItem:
    found = msgspec.convert(without_nulls(msgspec.json.decode(raw)), _Item)
    identity = tables.identity(found.item_id, "ItemId")
    labels = found.labels if isinstance(found.labels, dict) else {}
    whole = labels.get(WHOLE)
    if isinstance(whole, dict):
        return fitted({**whole, "id": identity}, NewItem)
    words = labels.get("topics") if labels else found.labels
    said = labels.get("title") or labels.get("name") or found.comment
    title = one_line(said if isinstance(said, str) else "")
    text = labels.get("description") or labels.get("text") or labels.get("abstract")
    fields = {
        "id": identity,
        "title": title or identity,
        "text": paragraphs(text if isinstance(text, str) else ""),
        "topics": list(dict.fromkeys([*(found.categories or []), *_words(words)])),
        "listed_at": _instant(found.timestamp),
        "hidden": found.is_hidden,
        "extra": {"labels": found.labels} if found.labels else {},
    }
    return lenient(fields, Paper)


def _words(labels: object) -> list[str]:
    """Return what can be a topic among labels."""
    found = labels if isinstance(labels, list) else []
    return [word for word in found if isinstance(word, str) and 0 < len(word) <= 100]


def _event(raw: str, options: Options) -> Event:
    found = msgspec.convert(without_nulls(msgspec.json.decode(raw)), _Feedback)
    at = _instant(found.timestamp)
    return event_of(
        event_fields(
            found.feedback_type,
            tables.identity(found.user_id, "UserId"),
            tables.identity(found.item_id, "ItemId"),
            None if at is None else to_us(at),
            found.value,
            options.kinds.get(found.feedback_type)
            or kind_of(found.feedback_type, options.feedback),
            now_us(),
        )
    )


def _instant(text: str) -> datetime | None:
    """Return an instant; Gorse writes year 1 where there is none."""
    at_us = moment_us(text)
    return None if at_us is None else from_us(at_us)
