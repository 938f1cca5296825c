"""Reasons and orders in words, for people."""

import msgspec

from recsvc.core.items.item import StoredItem
from recsvc.core.ranking.reasons import Cause
from recsvc.core.readers.reader import Reader
from recsvc.lists.shapes import Reason

SORTED_BY = {
    "personal": "what you and like-minded readers went for, what reads like it, fresh votes, age",
    "trending": "upvotes, each worth less the older it is; then the newest",
    "new": "time of listing, latest first",
    "similar": "likeness of text and of readership",
    "search": "words that were found, and likeness of text",
    "listed": "upvotes, then comments, then time of listing (latest first)",
}


def plain_reason(source: str, body: StoredItem, votes: int) -> Reason:
    """Return why an item is there for which nothing in a history speaks.

    Args:
        votes: on our boards; those it came with are added.
    """
    if source == "trending":
        total = votes + body.upvotes
        return Reason("trending", [], f"Trending: {total} upvote{'s' if total != 1 else ''}")
    if source == "similar":
        return Reason("similar", [], "Similar in content")
    if source == "listed":
        total = votes + body.upvotes
        return Reason("listed", [], f"Listed then: {total} upvote{'s' if total != 1 else ''}")
    if source == "explore":
        return Reason("explore", [], "Shown to learn who likes it")
    if source == "search":
        return Reason("search", [], "Matches the search")
    return Reason("new", [], "Recently listed")


def followed(reason: Reason, who: Reader, body: StoredItem) -> Reason:
    """Return why an item is there that nothing in the reader's history speaks for."""
    followed = who.preferences.followed_in(body)
    if followed is None or reason.kind not in ("trending", "new"):
        return reason
    return Reason("because_you_follow", [], f"Because you follow “{followed}”")


_VERBS = {
    "because_you_upvoted": "upvoted",
    "because_you_saved": "saved",
    "because_you_shared": "shared",
    "because_you_read": "read",
    "because_you_clicked": "opened",
    "because_you_liked": "liked",
}


def reason_of(
    cause: Cause, who: Reader, bodies: dict[str, StoredItem], body: StoredItem, votes: int
) -> Reason:
    """Return why an item is there, in words, given what speaks most for it.

    Args:
        bodies: the items by id, those of the history among them.
        votes: on our boards.
    """
    if cause.history is None:
        plain = plain_reason(cause.kind, body, votes)
        return msgspec.structs.replace(plain, share=round(cause.share, 3))
    item = who.interactions[cause.history].item
    because = bodies.get(item)
    title = item if because is None else because.title
    return Reason(
        cause.kind, [item], f"Because you {_VERBS[cause.kind]} “{title}”", round(cause.share, 3)
    )
