"""Hugging Face's daily papers: the JSON of `/api/daily_papers` and of its relatives.

An item of the list wraps a paper: `{"paper": {…}, "title": …, "numComments": …, "submittedBy": {…}}`;
other addresses answer with the paper alone. Over the years fields moved between the two, a person's
handle was called `user` and then `name`, and titles and summaries came hard-wrapped. The outer title is
clean; of other fields the paper's own word counts first.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from recsvc.core.items.item import NewItem, Organisation
from recsvc.core.text import arxiv_ids
from recsvc.errors import InvalidError
from recsvc.sources.fitting import loose
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import json_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Options, Record, convert_each
from recsvc.sources.text.dates import at_best

NAME = "hf-daily"
TITLES_IDENTIFY = True

_LISTS = ("dailyPapers",)

# Name in `extra` -> name in the answer, copied as it is.
_COPIED = {
    "ai_summary": "ai_summary",
    "ai_summary_model": "ai_summary_model",
    "ai_keywords": "ai_keywords",
    "github": "githubRepo",
    "github_stars": "githubStars",
    "github_added_by": "githubRepoAddedBy",
    "project_page": "projectPage",
    "thumbnail": "thumbnail",
    "media_urls": "mediaUrls",
    "discussion_id": "discussionId",
    "withdrawn_at": "withdrawnAt",
    "is_author_participating": "isAuthorParticipating",
}


class _Person(msgspec.Struct, rename="camel"):
    """An account; the handle is `name` in new answers and `user` in old ones."""

    name: str | None = None
    user: str | None = None
    fullname: str | None = None
    avatar_url: str | None = None
    type: str | None = None
    is_pro: bool | None = None

    @property
    def handle(self) -> str | None:
        return self.name or self.user


class _Author(msgspec.Struct):
    name: str = ""
    hidden: bool = False
    user: _Person | str | None = None

    @property
    def handle(self) -> str | None:
        """The author's account: `user` before `name`, which may be the full name."""
        return self.user.user or self.user.name if isinstance(self.user, _Person) else self.user


class _Organisation(msgspec.Struct):
    name: str | None = None
    fullname: str | None = None
    avatar: str | None = None

    @property
    def known(self) -> Organisation | None:
        return Organisation(self.name, self.fullname or self.name) if self.name else None


class _Known(msgspec.Struct, rename="camel"):
    """What is read of an entry, from wherever in it it stands."""

    summary: str | None = None
    authors: list[_Author] | None = None
    organization: _Organisation | None = None
    ai_keywords: list[str] | None = msgspec.field(default=None, name="ai_keywords")
    published_at: str | None = None
    submitted_on_daily_at: str | None = None
    submitted_by: _Person | None = None
    submitted_on_daily_by: _Person | None = None


_FIELDS = msgspec.structs.fields(_Known)


def recognises(content: Content, options: Options) -> bool:
    """Return whether these are daily papers, or papers as the same site gives them."""
    form = json_records.shape(content, _LISTS)
    if form is None:
        return False
    inner = form.first.get("paper")
    if isinstance(inner, dict):
        return inner.keys() >= {"id", "title"}
    return form.first.keys() >= {"id", "title", "publishedAt", "authors", "upvotes"}


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the papers of an answer; withdrawn ones come hidden."""
    form = json_records.shape(content, _LISTS)
    assert form is not None
    yield from convert_each(json_records.read(content, form), _convert)


def _convert(_: Place, raw: str) -> NewItem:
    return item_of(msgspec.json.decode(raw, type=dict[str, Any]))


def item_of(outer: dict[str, Any]) -> NewItem:
    """Return one entry of an answer as an item.

    Raises:
        InvalidError: when its id is not text, or something else does not fit.
    """
    inner = outer.get("paper")
    nested = inner if isinstance(inner, dict) else outer

    def get(name: str) -> Any:
        value = nested.get(name)
        return outer.get(name) if value is None else value

    if not isinstance(nested.get("id"), str):
        # 2503.02130 read as a number is 2503.0213, another paper.
        raise InvalidError(
            f"id: {nested.get('id')!r} is not text; as a number it may lack digits", "id"
        )
    known, left_out = loose({f.encode_name: get(f.encode_name) for f in _FIELDS}, _Known)
    organisation = known.organization or _Organisation()
    authors = [author for author in known.authors or [] if not author.hidden]
    listed_on = outer.get("publishedAt")
    return paper(
        arxiv_id=arxiv_ids.of_record(nested["id"]),
        title=outer.get("title") or nested.get("title"),
        text=known.summary,
        authors=[author.name for author in authors],
        organisation=organisation.known,
        topics=known.ai_keywords,
        published_at=at_best(known.published_at),
        listed_at=at_best(known.submitted_on_daily_at or listed_on),
        upvotes=get("upvotes") or 0,
        comments=get("numComments") or 0,
        hidden=get("withdrawnAt") is not None,
        left_out=left_out,
        extra={name: get(theirs) for name, theirs in _COPIED.items()}
        | {
            "submitter": _person(known.submitted_by or known.submitted_on_daily_by or _Person()),
            "submitted_at": listed_on or known.submitted_on_daily_at,
            "organisation_avatar": organisation.avatar,
            "author_handles": {a.name: a.handle for a in authors if a.name and a.handle},
        },
    )


def _person(one: _Person) -> dict[str, Any]:
    """Return who submitted a paper, in the one shape we keep; nobody is empty."""
    person = {
        "name": one.handle,
        "fullname": one.fullname,
        "avatar_url": one.avatar_url,
        "type": one.type,
        "is_pro": one.is_pro,
    }
    return {name: value for name, value in person.items() if value is not None}
