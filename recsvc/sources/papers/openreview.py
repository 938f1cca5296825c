"""OpenReview: notes of both versions of its API, those that are submissions.

In version 2 every field of `content` is wrapped, `{"title": {"value": …}}`; in version 1 it is bare.
Reviews and comments are notes, too: a submission is the note that its forum is named after. Instants are
milliseconds; `ddate` says that a note was deleted. https://docs.openreview.net/
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from recsvc.core.items.item import NewItem
from recsvc.core.moments import epoch
from recsvc.errors import InvalidError
from recsvc.sources.fitting import loose
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Note, Options, Record, convert_each

NAME = "openreview"
TITLES_IDENTIFY = True

_LISTS = ("notes",)
_URL = "https://openreview.net/forum?id="


class _Note(msgspec.Struct):
    id: str
    content: dict[str, Any]
    forum: str | None = None
    replyto: str | None = None
    cdate: float | None = None
    pdate: float | None = None
    tcdate: float | None = None
    ddate: float | None = None


class _Author(msgspec.Struct):
    fullname: str = ""


class _Content(msgspec.Struct, rename={"tldr": "TLDR", "tl_dr": "TL;DR"}):
    """The fields of a submission, unwrapped."""

    title: str | None = None
    abstract: str | None = None
    authors: list[str | _Author] | None = None
    keywords: list[str] | None = None
    doi: str | None = None
    venue: Any = None
    venueid: Any = None
    tldr: Any = None
    tl_dr: Any = None


def recognises(content: Content, options: Options) -> bool:
    """Return whether records are notes."""
    form = json_records.shape(content, _LISTS)
    return form is not None and form.first.keys() >= {"id", "forum", "content"}


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the submissions among the notes; deleted ones come hidden."""
    replies: list[str] = []

    def convert(_: Place, raw: str) -> NewItem | None:
        note, left_out = loose(msgspec.json.decode(raw, type=dict[str, Any]), _Note)
        if note.replyto is not None or note.forum not in (None, note.id):
            replies.append(note.id)
            return None
        return _item(note, left_out)

    form = json_records.shape(content, _LISTS)
    assert form is not None
    yield from convert_each(json_records.read(content, form), convert)
    if replies:
        yield Note(content.file, f"{len(replies)} reviews and comments were left out")


def _item(note: _Note, left_out: list[str]) -> NewItem:
    bare = {
        name: value.get("value") if isinstance(value, dict) else value
        for name, value in note.content.items()
    }
    said, unread = loose(bare, _Content)
    published_at = _instant(note.pdate or note.cdate or note.tcdate)
    return paper(
        local_id=note.id,
        doi=said.doi,
        url=_URL + note.id,
        title=said.title,
        text=said.abstract,
        authors=[a if isinstance(a, str) else a.fullname for a in said.authors or []],
        topics=said.keywords,
        published_at=published_at,
        listed_at=published_at,
        hidden=note.ddate is not None,
        left_out=[*left_out, *unread],
        extra={
            "openreview_id": note.id,
            "venue": said.venue,
            "venue_id": said.venueid,
            "tldr": said.tldr or said.tl_dr,
        },
    )


def _instant(ms: float | None) -> datetime | None:
    try:
        return None if ms is None else epoch(ms)
    except InvalidError:
        return None
