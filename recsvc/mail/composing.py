"""Composing: what goes into a subscriber's mail.

The trending part is what gathers votes in the cadence's own window; the personal part is the reader's
feed, narrowed to what was listed lately. Nothing comes twice: not within a mail, not within the time in
which nothing is repeated, and nothing that a known reader's feed leaves out.
"""

from collections.abc import Container, Sequence
from datetime import date

import msgspec

from recsvc.clock import DAY_US
from recsvc.core.choices import Window
from recsvc.core.items.catalogue import Filters
from recsvc.core.items.item import ItemView
from recsvc.core.mail.subscription import Preferences, Subscription
from recsvc.lists.assembled import Lists
from recsvc.lists.shapes import Feed, FeedOptions, Page
from recsvc.mail.params import DigestParams

# A mail is not left to chance.
_TO_MAIL = FeedOptions(explore=0.0)
_WINDOWS: dict[str, Window] = {"daily": "day", "weekly": "week"}


class Entry(msgspec.Struct, frozen=True):
    """One place of a part.

    Attributes:
        reason: why the item is there, in words.
    """

    id: str
    position: int
    reason: str
    item: ItemView


class Part(msgspec.Struct, frozen=True):
    """One list of a mail, attributed by a feed of its own."""

    heading: str
    feed_id: str
    entries: list[Entry]


class Digest(msgspec.Struct, frozen=True):
    """What a mail says, before it looks like anything.

    Attributes:
        day: the local date it is for.
        subscription_id: of a known reader; empty else, so that no link tells who opened it.
    """

    day: date
    cadence: str
    parts: list[Part]
    subscription_id: str = ""

    @property
    def entries(self) -> list[Entry]:
        """Every entry, in order."""
        return [entry for part in self.parts for entry in part.entries]


def without(digest: Digest, items: Container[str]) -> Digest:
    """Return a digest without some items; a part that is left empty goes, too."""
    parts = [
        msgspec.structs.replace(part, entries=[e for e in part.entries if e.id not in items])
        for part in digest.parts
    ]
    return msgspec.structs.replace(digest, parts=[part for part in parts if part.entries])


def shortened(digest: Digest) -> Digest:
    """Return a digest without the last entry of its longest part."""
    longest = max(digest.parts, key=lambda part: len(part.entries))
    parts = [
        msgspec.structs.replace(part, entries=part.entries[:-1]) if part is longest else part
        for part in digest.parts
    ]
    return msgspec.structs.replace(digest, parts=[part for part in parts if part.entries])


class Composer:
    """Picks what is in a mail; reading changes nothing."""

    def __init__(self, lists: Lists, params: DigestParams) -> None:
        self._lists = lists
        self._params = params

    async def compose(
        self, subscription: Subscription, day: date, mailed: Sequence[str], now_us: int
    ) -> Digest:
        """Return a subscriber's mail; without parts when there is nothing to say.

        Args:
            mailed: what must not come again.
        """
        wanted = subscription.preferences
        user = subscription.user
        gone = {*mailed, *await self._lists.feeds.kept_off(user)}
        parts = []
        if user is not None and wanted.content != "trending":
            parts.append(await self._personal(user, wanted, gone, now_us))
            gone |= {entry.id for entry in parts[0].entries}
        if wanted.content != "personal":
            parts.append(await self._trending(wanted, gone))
        follows = subscription.id if user is not None else ""
        return Digest(day, wanted.cadence, [part for part in parts if part.entries], follows)

    async def _personal(self, user: str, wanted: Preferences, gone: set[str], now_us: int) -> Part:
        since_us = now_us - int(self._params.fresh_days * DAY_US)
        page = self._page(Filters(tuple(wanted.topics), since_us=since_us, exclude=tuple(gone)))
        return _part("Picked for you", await self._lists.feeds.feed(user, page, _TO_MAIL))

    async def _trending(self, wanted: Preferences, gone: set[str]) -> Part:
        window = _WINDOWS[wanted.cadence]
        page = self._page(Filters(tuple(wanted.topics), exclude=tuple(gone)))
        heading = "Trending today" if window == "day" else "Trending this week"
        return _part(heading, await self._lists.boards.trending(window, page))

    def _page(self, filters: Filters) -> Page:
        return Page(limit=self._params.n_items, filters=filters, goes_on=False)


def _part(heading: str, feed: Feed) -> Part:
    entries = [
        Entry(listed.id, listed.position, listed.reason.text, listed.item)
        for listed in feed.items
        if listed.item is not msgspec.UNSET
    ]
    return Part(heading, feed.feed_id, entries)
