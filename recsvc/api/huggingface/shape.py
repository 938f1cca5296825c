"""Items in the shapes that Hugging Face's client reads papers from.

A paper of a list is an object inside an object. The client takes authors, abstract and votes from the
inner one and everything else from the outer one, so what belongs to both stands in both. `publishedAt`
is, outside, when the paper was submitted to the list and, inside, when it was published.
"""

from datetime import datetime
from typing import Any

from recsvc.clock import rfc3339, to_us
from recsvc.core.items.dating import said
from recsvc.core.items.item import StoredItem

# What a paper may bring along: the name the client knows, and those it may have in `extra`. Importers
# have names of their own (`recsvc.sources.extra_fields`); sites may use the client's in our spelling.
_EXTRAS = {
    "ai_summary": ("ai_summary",),
    "ai_keywords": ("ai_keywords",),
    "githubRepo": ("github_repo", "github"),
    "githubStars": ("github_stars",),
    "projectPage": ("project_page",),
    "mediaUrls": ("media_urls",),
}
_PERSON = {"avatar_url": "avatarUrl", "is_pro": "isPro"}


def paper_id(item: StoredItem) -> str:
    """Return the id by which the client knows a paper: its arXiv id, if it has one."""
    known = item.extra.get("arxiv_id")
    return known if isinstance(known, str) and known else item.id


def listed(item: StoredItem, upvotes: int) -> dict[str, Any]:
    """Return a paper as lists of papers show it.

    Args:
        upvotes: all of them.
    """
    outer = {
        "paper": _paper(item, upvotes),
        "title": item.title,
        "summary": item.text,
        "publishedAt": _instant(item.known_listing or item.published_at),
        "thumbnail": item.extra.get("thumbnail"),
        "numComments": item.comments,
        "submittedBy": _submitter(item),
        "organization": _organisation(item),
        "isAuthorParticipating": item.extra.get("is_author_participating") is True,
        "upvotes": upvotes,  # the client takes a zero inside for none
    }
    return _without_none(outer | _extras(item))


def alone(item: StoredItem, upvotes: int) -> dict[str, Any]:
    """Return a paper as the call for one paper shows it."""
    return _without_none(_paper(item, upvotes) | {"numComments": item.comments})


def markdown(item: StoredItem, upvotes: int) -> str:
    """Return a paper as a page of Markdown."""
    lines = [f"# {item.title}", ""]
    if item.authors:
        lines += [f"Authors: {', '.join(item.authors)}", ""]
    if item.organisation is not None:
        lines += [f"Organisation: {item.organisation.name}", ""]
    if item.published_at is not None:
        is_day = item.published_precision in (None, "day")
        day = item.published_at.date().isoformat()
        lines += [
            f"Published: {day if is_day else said(item.published_at, item.published_precision)}",
            "",
        ]
    if item.url is not None:
        lines += [f"Link: <{item.url}>", ""]
    lines += [f"Upvotes: {upvotes}, comments: {item.comments}", "", "## Abstract", "", item.text]
    return "\n".join(lines) + "\n"


def _paper(item: StoredItem, upvotes: int) -> dict[str, Any]:
    inner = {
        "id": paper_id(item),
        "title": item.title,
        "summary": item.text,
        "authors": [{"name": name, "hidden": False} for name in item.authors],
        "publishedAt": _instant(item.published_at),
        "submittedOnDailyAt": _submitted_at(item),
        "submittedOnDailyBy": _submitter(item),
        "upvotes": upvotes,
        "discussionId": item.extra.get("discussion_id"),
        "organization": _organisation(item),
    }
    return _without_none(inner | _extras(item))


def _extras(item: StoredItem) -> dict[str, Any]:
    return {theirs: _first(item, ours) for theirs, ours in _EXTRAS.items()}


def _submitted_at(item: StoredItem) -> Any:
    """Return when a paper was submitted to the list, as it came where that is known."""
    known = _first(item, ("submitted_on_daily_at", "submitted_at"))
    return known or _instant(item.known_listing)


def _first(item: StoredItem, names: tuple[str, ...]) -> Any:
    return next((item.extra[name] for name in names if item.extra.get(name) is not None), None)


def _submitter(item: StoredItem) -> dict[str, Any] | None:
    """Return who submitted a paper, their handle under both names that clients look for."""
    if item.submitter is None:
        return None
    person = {_PERSON.get(name, name): value for name, value in item.submitted_by.items()}
    return {**person, "name": item.submitter, "user": item.submitter}


def _organisation(item: StoredItem) -> dict[str, str] | None:
    if item.organisation is None:
        return None
    return {"name": item.organisation.slug, "fullname": item.organisation.name}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(to_us(moment))


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
