"""Reasons and orders in words, for people."""

from functools import lru_cache

import msgspec

from recsvc.core.items.item import StoredItem
from recsvc.core.ranking.reasons import FOLLOW, Cause
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.ranking.voices.fresh import Fresh
from recsvc.core.readers.reader import Reader
from recsvc.core.text.display import readable
from recsvc.lists.shapes import Reason

SORTED_BY = {
    "personal": "what you and like-minded readers went for, what reads like it, fresh votes, age",
    "trending": "upvotes and what else counts here, each worth less the older it is; then the newest",
    "new": "time of listing, latest first",
    "similar": "likeness of text and of readership",
    "search": "words that were found, and likeness of text",
    "again": "when you last went for it, longest ago first",
    "listed": "upvotes, then comments, then time of listing (latest first)",
}

_TITLES_KEPT = 4_096

# What is said of an item for which nothing else speaks.
_FRESH = Fresh()


class Counted(msgspec.Struct, frozen=True):
    """What our boards counted of an item.

    Attributes:
        votes: standing ones; those that the item came with are added.
        worth: what they count by now, in fresh ones; None where the order is not by that alone.
    """

    votes: int
    worth: float | None = None


def plain_reason(source: str, body: StoredItem, counted: Counted) -> Reason:
    """Return why an item is there for which nothing in a history speaks."""
    if source == "listed":
        return Reason("listed", [], f"Listed then: {_upvotes(body, counted.votes)}")
    if source == "again":
        return Reason("again", [], "Once more: you have seen everything else")
    if source == "explore":
        return Reason("explore", [], "Shown to learn who likes it")
    if source == "search":
        return Reason("search", [], "Matches the search")
    voice = next((v for v in VOICES if v.reason == source), _FRESH)
    faded = _faded(body, counted) if source == "trending" else ""
    return Reason(voice.reason, [], f"{_said(voice, body, counted.votes)}{faded}")


def _faded(body: StoredItem, counted: Counted) -> str:
    """Return what age left of the votes, where it shows: why six may stand below four.

    Where more than votes count they can be worth more than they are many; nothing is said then.
    """
    total, worth = counted.votes + body.upvotes, counted.worth
    if worth is None or worth >= total or f"{worth:.1f}" == f"{total}.0":
        return ""
    left = f"{worth:.1f}".removesuffix(".0")
    return f", by now worth {'next to nothing' if left == '0' else left}"


def _said(voice: Voice, body: StoredItem, votes: int) -> str:
    """Return a voice's words; without the votes where there are none, of what clicks made trend."""
    total = votes + body.upvotes
    words = voice.words if total else voice.words.removesuffix(": {upvotes}")
    return words.format(upvotes=_upvotes(body, votes))


def _upvotes(body: StoredItem, votes: int) -> str:
    total = votes + body.upvotes
    return f"{total} upvote{'s' if total != 1 else ''}"


def followed(reason: Reason, who: Reader, body: StoredItem) -> Reason:
    """Return why an item is there that nothing in the reader's history speaks for."""
    followed = who.preferences.followed_in(body)
    if followed is None or reason.kind not in ("trending", "new"):
        return reason
    return Reason(FOLLOW, [], _following(followed))


def _following(name: str | None) -> str:
    """Return the words of a follow; a word that is followed has no name in the item."""
    return "Because of what you follow" if name is None else f"Because you follow “{name}”"


def reason_of(
    cause: Cause, who: Reader, bodies: dict[str, StoredItem], body: StoredItem, votes: int
) -> Reason:
    """Return why an item is there, in words, given what speaks most for it.

    Args:
        bodies: the items by id, those of the history among them.
        votes: on our boards.
    """
    share = round(cause.share, 3)
    if cause.kind == FOLLOW:
        return Reason(FOLLOW, [], _following(who.preferences.followed_in(body)), share)
    if cause.history is None:
        voice = cause.voice or _FRESH
        return Reason(cause.kind, [], _said(voice, body, votes), share)
    item = who.interactions[cause.history].item
    because = bodies.get(item)
    title = item if because is None else _readable(because.title)
    return Reason(cause.kind, [item], f"Because you {cause.did} “{title}”", share)


@lru_cache(maxsize=_TITLES_KEPT)
def _readable(title: str) -> str:
    """Return a title in characters: the same few are named again and again."""
    return readable(title)
