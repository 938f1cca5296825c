"""The use case of looking back: what was listed on a day, in a week or in a month, by votes."""

from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from recsvc.clock import to_us
from recsvc.core.choices import PeriodKind
from recsvc.core.items.catalogue import Mask, Rows
from recsvc.core.items.item import UNDATED
from recsvc.core.items.periods import Period, holding, named, neighbours
from recsvc.core.ranking.blend import LISTED, Ranking
from recsvc.core.ranking.cursor import Cursor
from recsvc.core.ranking.public_lists import voted_list
from recsvc.errors import InvalidError
from recsvc.lists.audience import Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, new_feed_id
from recsvc.lists.shapes import Answer, Page, PeriodFeed

# A cursor carries four bytes per row: about 11,000 characters at first, fewer with each page.
_DEPTH = 2_000
_ROW = "<u4"


class Periods:
    """Answers what was listed when."""

    def __init__(self, kit: Kit, zone: ZoneInfo) -> None:
        self._live = kit.live
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._zone = zone

    async def listed(self, kind: PeriodKind, name: str, page: Page) -> PeriodFeed:
        """Return what was listed in a period, by votes; nothing of any other period.

        Raises:
            InvalidError: when there is no period of that name.
        """
        period = named(kind, name, self._zone)
        audience = await self._audiences.at_a_board(page.user)
        catalogue = self._live.catalogue
        candidates = audience.allowed(catalogue.mask(page.filters))
        if page.cursor is None:
            start = self._opened(period, candidates)
        else:
            start = self._continued(period, page.cursor)
        piece = self._piece(period, start, page.limit, audience)
        feed = await self._dresser.dressed(piece, page, audience)
        previous, following = neighbours(period, self._dated_us(candidates), self._zone)
        said = {name: getattr(feed, name) for name in Answer.__struct_fields__}
        return PeriodFeed(
            **said, period=period.name, previous=previous, next=following, cursor=feed.next
        )

    def latest(self, kind: PeriodKind, page: Page) -> str | None:
        """Return the name of the latest period in which something was listed; None without items."""
        catalogue = self._live.catalogue
        listed_us = self._dated_us(catalogue.mask(page.filters))
        return holding(kind, int(listed_us.max()), self._zone).name if len(listed_us) else None

    def _dated_us(self, candidates: Mask) -> Rows:
        """Return when items were listed, those left out of which nobody knows."""
        listed_us: Rows = self._live.catalogue.listed_us[candidates]
        dated: Rows = listed_us[listed_us != to_us(UNDATED)]
        return dated

    def _opened(self, period: Period, candidates: Mask) -> Cursor:
        """Return a cursor at the beginning of a period's list."""
        catalogue = self._live.catalogue
        inside = candidates & (catalogue.listed_us >= period.start_us)
        inside &= catalogue.listed_us < period.end_us
        rows = voted_list(catalogue, np.flatnonzero(inside), _DEPTH).rows
        return self._at(period, new_feed_id(), 0, rows)

    def _continued(self, period: Period, text: str) -> Cursor:
        """Read a cursor back.

        Raises:
            InvalidError: when it is another period's.
        """
        start = self._pager.start(text, period.kind)
        if start.source != period.name or len(start.rows) % 4:
            raise InvalidError("this cursor continues another list", "cursor")
        return start

    def _piece(self, period: Period, start: Cursor, n: int, audience: Audience) -> Piece:
        """Return the n places that follow a cursor, without what must no longer be shown."""
        rows = np.frombuffer(start.rows, _ROW).astype(np.int64)
        shown, rest = rows[:n], rows[n:]
        follow = self._at(period, start.feed_id, start.position + n, rest) if len(rest) else None
        kept = np.flatnonzero(self._pager.may_show(shown, audience))
        shown = shown[kept]
        scores = self._live.catalogue.upvotes[shown].astype(np.float32)
        ranking = Ranking(shown, scores, np.full(len(shown), LISTED, np.uint8))
        return Piece("listed", ranking, start.feed_id, (start.position + kept).tolist(), follow)

    def _at(self, period: Period, feed_id: str, position: int, rows: Rows) -> Cursor:
        follow = self._pager.follow(period.kind, period.name, feed_id, position)
        return msgspec.structs.replace(follow, rows=rows.astype(_ROW).tobytes())
