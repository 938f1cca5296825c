"""Shared answers: what is the same for everybody is made once for all who ask, not once for each.

A list is made anew when something changed that it is made of. Where votes never cease that would be each
time: what making takes has a budget, a twentieth of a processor, and once that is spent a list may be a
second old. Never beside what its reader knows: one that lacks their own vote, or an item that came,
changed or went, is made anew whatever is left.
"""

import time
from collections.abc import Awaitable, Callable, Hashable

import msgspec

from recsvc.clock import SECOND_US, now_us, this_minute_us
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.cursor import Cursor, ListKind
from recsvc.lists.audience import Audience
from recsvc.lists.dressing import Dresser
from recsvc.lists.kept import Bounded, Outcome, encoded, size_bytes
from recsvc.lists.paging import Pager, Piece, new_feed_id
from recsvc.lists.shapes import Feed, Page
from recsvc.live.view import Live, Moment

_OLDEST_S = 1.0
_SHARE = 0.05
_SAVED_S = 1.0
# From the log to the boards here: what was logged longer before a list was made is in it.
_LONGEST_WAY_US = 5 * SECOND_US
_MOST_BYTES = 8 * 2**20

# What names a list: its kind, and what it was asked for besides its page.
Name = tuple[ListKind, Hashable]
Making = Callable[[], Awaitable[tuple[Piece, Ranking]]]


class _Answer(msgspec.Struct, frozen=True):
    """An answer that is everybody's, and what it was made of.

    Attributes:
        feed: its items encoded.
        cursor: of its next page, if there is one.
        rows: all that is on the list.
        version: of the boards, too.
        made_us, made_s: when; the latter by the monotonic clock.
    """

    feed: Feed
    cursor: Cursor | None
    rows: frozenset[int]
    moment: Moment
    version: int
    made_us: int
    made_s: float

    @property
    def size_bytes(self) -> int:
        """What it takes, about."""
        return size_bytes(self.feed)


class _Budget:
    """Processor time that may be spent: it gathers as time goes by, up to a bound."""

    def __init__(self) -> None:
        self._left_s = _SAVED_S
        self._at_s = time.monotonic()

    def has_some(self, now_s: float) -> bool:
        """Return whether anything is left."""
        self._left_s = min(_SAVED_S, self._left_s + _SHARE * (now_s - self._at_s))
        self._at_s = now_s
        return self._left_s > 0

    def spend(self, took_s: float) -> None:
        """Take what something took, even if that was not left."""
        self._left_s -= took_s


class SharedAnswers:
    """Keeps the first pages of lists that are everybody's, within a bound.

    Attributes:
        observe: told of each asking whether a kept answer did.
    """

    def __init__(self, live: Live, pager: Pager, dresser: Dresser) -> None:
        self._live = live
        self._pager = pager
        self._dresser = dresser
        self._bounded: Bounded[tuple[Name, Page], _Answer] = Bounded(_MOST_BYTES)
        self._budget = _Budget()
        self.observe: Callable[[Outcome], object] = lambda _: None

    async def answer(
        self, name: Name, page: Page, audience: Audience, making: Making
    ) -> Feed | None:
        """Return a list's first page; None where its reader, or its asker, is not to see everybody's.

        Args:
            making: returns the page and all that is ranked, for everybody.
        """
        if page.cursor is not None or not page.encoded or page.explain or not audience.is_reached:
            return None
        key = (name, msgspec.structs.replace(page, user=None) if page.user is not None else page)
        found = self._bounded.held.get(key)
        if found is not None and self._is_good(found, audience):
            self.observe("again")
        else:
            self.observe("made")
            found = await self._made(key, making)
        if not found.rows.isdisjoint(audience.reader.excluded):
            return None
        return self._renewed(found, audience)

    def _is_good(self, found: _Answer, audience: Audience) -> bool:
        """Return whether nothing changed, or nothing that has to show before the next second."""
        if found.moment != self._live.moment or found.made_us < this_minute_us():
            return False
        if found.version == self._live.catalogue.version:
            return True
        now_s = time.monotonic()
        is_young = now_s - found.made_s < _OLDEST_S
        may_lack_vote = audience.voted_us > found.made_us - _LONGEST_WAY_US
        return is_young and not may_lack_vote and not self._budget.has_some(now_s)

    async def _made(self, key: tuple[Name, Page], making: Making) -> _Answer:
        moment, version = self._live.moment, self._live.catalogue.version
        made_us, made_s, began_s = now_us(), time.monotonic(), time.thread_time()
        piece, ranking = await making()
        feed = await self._dresser.dressed(piece, key[1])
        is_whole = len(feed.items) == len(piece.ranking.rows) and not feed.stale
        feed = msgspec.structs.replace(feed, items=encoded(feed.items))
        self._budget.spend(time.thread_time() - began_s)
        rows = frozenset(ranking.rows.tolist())
        made = _Answer(feed, piece.cursor, rows, moment, version, made_us, made_s)
        if is_whole:
            self._bounded.put(key, made)
        return made

    def _renewed(self, found: _Answer, audience: Audience) -> Feed:
        """Return an answer as one of its own."""
        feed_id = new_feed_id()
        again = self._dresser.again(found.feed, feed_id, self._pager.renewed(found.cursor, feed_id))
        return msgspec.structs.replace(again, user=audience.user)
