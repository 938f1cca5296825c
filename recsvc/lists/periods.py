"""The use case of looking back: what was listed on a day, in a week or in a month, by votes."""

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.periods import Period, PeriodKind, holding, named, neighbours
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.blend import LISTED, Ranking
from recsvc.core.ranking.cursor import Cursor
from recsvc.core.ranking.public_lists import voted_list
from recsvc.errors import InvalidError
from recsvc.lists.recommender import Recommender, new_feed_id
from recsvc.lists.shapes import Feed, Page
from recsvc.live.view import Live

# A cursor carries four bytes per row: about 11,000 characters at first, fewer with each page.
_DEPTH = 2_000


class PeriodFeed(Feed, frozen=True, kw_only=True):
    """What was listed in a period.

    Attributes:
        period: its name.
        previous, next: names of the nearest periods before and after in which something was listed.
        cursor: continues this period's list; None at its end.
    """

    period: str
    previous: str | None
    cursor: str | None


class Periods:
    """Answers what was listed when."""

    def __init__(
        self, live: Live, recommender: Recommender, zone: ZoneInfo, cursor_ttl_s: int
    ) -> None:
        self._live = live
        self._recommender = recommender
        self._zone = zone
        self._cursor_ttl_s = cursor_ttl_s

    async def listed(self, kind: PeriodKind, name: str, page: Page) -> PeriodFeed:
        """Return what was listed in a period, by votes; nothing of any other period.

        Raises:
            InvalidError: when there is no period of that name.
        """
        period = named(kind, name, self._zone)
        catalogue = self._live.catalogue
        candidates = catalogue.mask(page.filters)
        if page.cursor is None:
            inside = candidates & (catalogue.listed_us >= period.start_us)
            inside &= catalogue.listed_us < period.end_us
            rows = voted_list(catalogue, np.flatnonzero(inside), _DEPTH).rows
            feed_id, position = new_feed_id(), 0
        else:
            start = self._decode(page.cursor, period)
            rows = np.frombuffer(start.rows, "<u4").astype(np.int64)
            feed_id, position = start.feed_id, start.position
        shown, rest = rows[: page.limit], rows[page.limit :]
        follow = self._cursor(period, feed_id, position + page.limit, rest) if len(rest) else None
        kept = (shown < catalogue.n) & catalogue.visible[np.minimum(shown, catalogue.n - 1)]
        places = (position + np.flatnonzero(kept)).tolist()
        shown = shown[kept]
        scores = catalogue.upvotes[shown].astype(np.float32)
        ranking = Ranking(shown, scores, np.full(len(shown), LISTED, np.uint8))
        feed = await self._recommender.dressed(ranking, "listed", page, feed_id, places, follow)
        previous, following = neighbours(period, catalogue.listed_us[candidates], self._zone)
        fields = {name: getattr(feed, name) for name in Feed.__struct_fields__}
        fields |= {"cursor": feed.next, "next": following}
        return PeriodFeed(period=period.name, previous=previous, **fields)

    def latest(self, kind: PeriodKind, page: Page) -> str | None:
        """Return the name of the latest period in which something was listed; None without items."""
        catalogue = self._live.catalogue
        listed_us = catalogue.listed_us[catalogue.mask(page.filters)]
        return holding(kind, int(listed_us.max()), self._zone).name if len(listed_us) else None

    def _cursor(
        self, period: Period, feed_id: str, position: int, rows: NDArray[np.int64]
    ) -> Cursor:
        return Cursor(
            period.kind,
            self._live.catalogue_id[:8],
            now_us() // SECOND_US,
            feed_id,
            period.name,
            position,
            rows=rows.astype("<u4").tobytes(),
        )

    def _decode(self, text: str, period: Period) -> Cursor:
        found = cursors.decode(
            text, period.kind, self._live.catalogue_id, now_us(), self._cursor_ttl_s
        )
        if found.source != period.name or len(found.rows) % 4:
            raise InvalidError("this cursor continues another list", "cursor")
        return found
