"""Paging: a ranked list cut into pages; a cursor says where the next one begins."""

import os
from contextlib import suppress

import msgspec
import numpy as np

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.catalogue import Mask, Rows
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.cursor import Cursor, ListKind
from recsvc.core.ranking.exploration import Lottery, lottery_of
from recsvc.core.ranking.exploration import feed_id as id_of
from recsvc.errors import InvalidError, NotAllowedError, StoreUnavailableError
from recsvc.lists.audience import Audience
from recsvc.lists.shapes import Page
from recsvc.live.view import Live
from recsvc.store.access.signatures import Signatures
from recsvc.store.readers.frozen_lists import FrozenLists

_PURPOSE = "cursor"
_CARRIED = 30


class RankedList(msgspec.Struct, frozen=True):
    """A list.

    Attributes:
        kind: which call answers with it.
        source: of the list as a whole.
        feed_id: its own for all its pages.
    """

    kind: ListKind
    source: str
    ranking: Ranking
    feed_id: str


class Piece(msgspec.Struct, frozen=True):
    """What one page of a list shows, before it is dressed.

    Attributes:
        ranking: of this page alone.
        places: the position of each of its rows in the list.
        next: the cursor of the next page; None at the end.
        cursor: of a first page the same, before it was sealed.
        teams: of an interleaved list's first page, by row, which ranking picked it; None of others.
    """

    source: str
    ranking: Ranking
    feed_id: str
    places: list[int]
    next: str | None
    cursor: Cursor | None = None
    teams: dict[int, int] | None = None


class Pager:
    """Cuts lists into pages.

    Args:
        ttl_s: how long a list can be continued.
    """

    def __init__(self, live: Live, lists: FrozenLists, signs: Signatures, ttl_s: int) -> None:
        self._live = live
        self._lists = lists
        self._signs = signs
        self._ttl_s = ttl_s

    async def first(self, listed: RankedList, page: Page, audience: Audience) -> Piece:
        """Return the first page of what is ranked.

        The list is kept where a further page may be asked for and is too long to travel in the cursor.
        While the store does not keep it, what travels is all that follows.
        """
        n, cursor = page.limit, None
        shown = cut(listed.ranking, slice(0, n))
        if page.goes_on and len(listed.ranking.rows) > n:
            start = self.follow(listed.kind, listed.source, listed.feed_id, n)
            cursor = await self._with_rest(start, listed.ranking, audience)
        following = None if cursor is None else self.sealed(cursor)
        places = list(range(len(shown.rows)))
        return Piece(listed.source, shown, listed.feed_id, places, following, cursor)

    async def further(self, kind: ListKind, page: Page, audience: Audience) -> Piece:
        """Return a further page: the list as it was, without what must no longer be shown.

        Raises:
            InvalidError: when the page's cursor is none, or another list's or reader's.
            ExpiredError: when its list is gone.
        """
        assert page.cursor is not None
        start = self.start(page.cursor, kind)
        if start.reader and start.reader != self._lists.whose(audience.user):
            raise InvalidError("this cursor continues another reader's list", "cursor")
        rest = await self._rest(start)
        shown, behind = cut(rest, slice(0, page.limit)), cut(rest, slice(page.limit, None))
        following = None
        if len(behind.rows):
            follow = msgspec.structs.replace(start, position=start.position + page.limit)
            if start.frozen is None:
                follow = msgspec.structs.replace(follow, carried=_packed(behind))
            following = self.sealed(follow)
        kept = np.flatnonzero(self.may_show(shown.rows, audience))
        places = (start.position + kept).tolist()
        return Piece(start.source, cut(shown, kept), start.feed_id, places, following)

    def here(
        self, listed: RankedList, position: int, following: str | None, user: str | None
    ) -> str:
        """Return a cursor that brings a page again, and what follows it.

        Args:
            listed: of this page alone.
            position: of its first place.
            following: the cursor of the next page.
            user: whose it is; None where it is anybody's.
        """
        start = self.follow(listed.kind, listed.source, listed.feed_id, position)
        rest = listed.ranking
        if following is not None:
            behind = self.start(following, listed.kind)
            if behind.frozen is not None:
                return self.sealed(msgspec.structs.replace(behind, position=position))
            rest = joined(rest, Ranking(*cursors.unpack(behind.carried)))
        whose = self._lists.whose(user)
        return self.sealed(msgspec.structs.replace(start, carried=_packed(rest), whose=whose))

    def start(self, text: str, kind: ListKind) -> Cursor:
        """Read a cursor back.

        Raises:
            InvalidError: when it is none, or another list's.
            ExpiredError: when its list is gone.
        """
        try:
            signed = self._signs.unseal(_PURPOSE, text)
        except NotAllowedError:
            if cursors.is_former(text):
                raise cursors.gone() from None
            raise InvalidError("not a cursor of this service", "cursor") from None
        return cursors.decode(signed, kind, self._live.catalogue_id, now_us(), self._ttl_s)

    def source_of(self, page: Page, kind: ListKind) -> str:
        """Return what the list of a further page is made of.

        Raises:
            InvalidError, ExpiredError: as `start`.
        """
        assert page.cursor is not None
        return self.start(page.cursor, kind).source

    def follow(self, kind: ListKind, source: str, feed_id: str, position: int) -> Cursor:
        """Return a cursor that knows its list and place, and nothing yet of what stands there."""
        now_s = now_us() // SECOND_US
        return Cursor(kind, self._live.catalogue_id[:8], now_s, feed_id, source, position)

    def renewed(self, cursor: Cursor | None, feed_id: str) -> str | None:
        """Return a cursor, if there is one, as that of another feed which shows the same."""
        if cursor is None:
            return None
        return self.sealed(msgspec.structs.replace(cursor, feed_id=feed_id))

    def sealed(self, cursor: Cursor) -> str:
        """Return a cursor as opaque text, safe in a URL, that nobody else can make."""
        return self._signs.seal(_PURPOSE, cursors.encode(cursor))

    async def _with_rest(self, start: Cursor, ranking: Ranking, audience: Audience) -> Cursor:
        """Return a cursor that knows what follows."""
        rest = cut(ranking, slice(start.position, None))
        if len(rest.rows) > _CARRIED and audience.is_reached and self._live.is_connected:
            with suppress(StoreUnavailableError):
                place = await self._lists.freeze(audience.user, _packed(ranking))
                return msgspec.structs.replace(start, frozen=place)
        carried = _packed(cut(rest, slice(0, _CARRIED)))
        return msgspec.structs.replace(
            start, carried=carried, whose=self._lists.whose(audience.user)
        )

    async def _rest(self, start: Cursor) -> Ranking:
        """Return what stands at a cursor and behind it."""
        if start.frozen is None:
            return Ranking(*cursors.unpack(start.carried))
        packed = await self._lists.thaw(start.frozen)
        if packed is None:
            raise cursors.gone()
        return cut(Ranking(*cursors.unpack(packed)), slice(start.position, None))

    def may_show(self, rows: Rows, audience: Audience) -> Mask:
        """Return which rows of a cursor, in which anything may stand, may be shown now."""
        catalogue = self._live.catalogue
        allowed = (rows < catalogue.n) & np.isin(rows, audience.reader.excluded, invert=True)
        allowed[allowed] = catalogue.visible[rows[allowed]]
        return allowed


def _packed(ranking: Ranking) -> bytes:
    return cursors.pack(ranking.rows, ranking.scores, ranking.sources)


def cut(ranking: Ranking, places: slice | Rows) -> Ranking:
    """Return part of a ranking, made of the same voices."""
    return msgspec.structs.replace(
        ranking,
        rows=ranking.rows[places],
        scores=ranking.scores[places],
        sources=ranking.sources[places],
    )


def joined(a: Ranking, b: Ranking) -> Ranking:
    """Return one ranking behind another."""
    return Ranking(
        np.concatenate([a.rows, b.rows]),
        np.concatenate([a.scores, b.scores]),
        np.concatenate([a.sources, b.sources]),
    )


def new_feed_id(lottery: Lottery | None = None) -> str:
    """Return an id that sorts by time: 6 bytes of milliseconds and 6 of chance.

    Args:
        lottery: how the list's explored slots were drawn, which travels in the id.
    """
    return id_of(_unique(), lottery)


def renewed(feed_id: str) -> str:
    """Return the id of another feed, whose explored slots were drawn likewise: it shows the same."""
    return id_of(_unique(), lottery_of(feed_id))


def _unique() -> bytes:
    return (now_us() // 1000).to_bytes(6, "big") + os.urandom(6)
