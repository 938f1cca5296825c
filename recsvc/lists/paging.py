"""Paging: a ranked list cut into pages; what follows travels in a cursor."""

import os

import msgspec
import numpy as np

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.catalogue import Mask, Rows
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.cursor import Cursor, ListKind
from recsvc.core.ranking.exploration import Lottery
from recsvc.core.ranking.exploration import feed_id as id_of
from recsvc.lists.audience import Audience
from recsvc.lists.shapes import Page
from recsvc.live.view import Live


class RankedList(msgspec.Struct, frozen=True):
    """A list from one place on.

    Attributes:
        kind: which call answers with it.
        source: of the list as a whole.
        ranking: what stands at `position` and behind it.
        feed_id: its own for all its pages.
    """

    kind: ListKind
    source: str
    ranking: Ranking
    feed_id: str
    position: int = 0


class Piece(msgspec.Struct, frozen=True):
    """What one page of a list shows, before it is dressed.

    Attributes:
        ranking: of this page alone.
        places: the position of each of its rows in the list.
        follow: where the next page begins; None at the end.
    """

    source: str
    ranking: Ranking
    feed_id: str
    places: list[int]
    follow: Cursor | None


class Pager:
    """Cuts lists into pages.

    Args:
        ttl_s: how long a list can be continued.
    """

    def __init__(self, live: Live, ttl_s: int) -> None:
        self._live = live
        self._ttl_s = ttl_s

    def first(self, listed: RankedList, page: Page) -> Piece:
        """Return the first page of what is ranked; the rest travels in the cursor."""
        n, at = page.limit, listed.position
        shown = cut(listed.ranking, slice(0, n))
        places = list(range(at, at + len(shown.rows)))
        return Piece(listed.source, shown, listed.feed_id, places, self._rest(listed, n))

    def further(self, kind: ListKind, page: Page, audience: Audience) -> Piece:
        """Return a further page: the list as it was, without what must no longer be shown.

        Raises:
            InvalidError: when the page's cursor is none, or another list's.
            ExpiredError: when its list is gone.
        """
        assert page.cursor is not None
        start = self.start(page.cursor, kind)
        listed = RankedList(
            kind, start.source, Ranking(*start.unpack()), start.feed_id, start.position
        )
        piece = self.first(listed, page)
        kept = np.flatnonzero(self.may_show(piece.ranking.rows, audience))
        return msgspec.structs.replace(
            piece,
            ranking=cut(piece.ranking, kept),
            places=(start.position + kept).tolist(),
        )

    def start(self, text: str, kind: ListKind) -> Cursor:
        """Read a cursor back.

        Raises:
            InvalidError: when it is none, or another list's.
            ExpiredError: when its list is gone.
        """
        return cursors.decode(text, kind, self._live.catalogue_id, now_us(), self._ttl_s)

    def follow(self, kind: ListKind, source: str, feed_id: str, position: int) -> Cursor:
        """Return a cursor that knows its list and place, and nothing yet of what stands there."""
        now_s = now_us() // SECOND_US
        return Cursor(kind, self._live.catalogue_id[:8], now_s, feed_id, source, position)

    def _rest(self, listed: RankedList, n: int) -> Cursor | None:
        ranking = listed.ranking
        if len(ranking.rows) <= n:
            return None
        rows, scores, sources = cursors.packed(
            ranking.rows[n:], ranking.scores[n:], ranking.sources[n:]
        )
        follow = self.follow(listed.kind, listed.source, listed.feed_id, listed.position + n)
        return msgspec.structs.replace(follow, rows=rows, scores=scores, sources=sources)

    def may_show(self, rows: Rows, audience: Audience) -> Mask:
        """Return which rows of a cursor, in which anything may stand, may be shown now."""
        catalogue = self._live.catalogue
        allowed = (rows < catalogue.n) & np.isin(rows, audience.reader.excluded, invert=True)
        allowed[allowed] = catalogue.visible[rows[allowed]]
        return allowed


def cut(ranking: Ranking, places: slice | Rows) -> Ranking:
    """Return part of a ranking, made of the same voices."""
    return msgspec.structs.replace(
        ranking,
        rows=ranking.rows[places],
        scores=ranking.scores[places],
        sources=ranking.sources[places],
    )


def new_feed_id(lottery: Lottery | None = None) -> str:
    """Return an id that sorts by time: 6 bytes of milliseconds and 6 of chance.

    Args:
        lottery: how the list's explored slots were drawn, which travels in the id.
    """
    return id_of((now_us() // 1000).to_bytes(6, "big") + os.urandom(6), lottery)
