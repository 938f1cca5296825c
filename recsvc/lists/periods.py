"""The use case of looking back: what was listed on a day, in a week or in a month, by votes."""

from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from recsvc.clock import to_us
from recsvc.core.choices import PeriodKind
from recsvc.core.items.catalogue import Mask, Rows
from recsvc.core.items.item import UNDATED
from recsvc.core.items.periods import Period, holding, named, neighbours
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.public_lists import voted_list
from recsvc.errors import InvalidError
from recsvc.lists.audience import Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, RankedList, new_feed_id
from recsvc.lists.shapes import Answer, Page, PeriodFeed

_DEPTH = 2_000


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
        piece = await self._piece(period, candidates, page, audience)
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

    async def _piece(
        self, period: Period, candidates: Mask, page: Page, audience: Audience
    ) -> Piece:
        """Return a page of what was listed in a period; scores are the votes as they are now.

        Raises:
            InvalidError: when the page's cursor is another period's.
        """
        if page.cursor is None:
            listed = RankedList(
                period.kind, period.name, self._ranked(period, candidates), new_feed_id()
            )
            piece = await self._pager.first(listed, page, audience)
        else:
            piece = await self._pager.further(period.kind, page, audience)
        if piece.source != period.name:
            raise InvalidError("this cursor continues another list", "cursor")
        votes = self._live.catalogue.upvotes[piece.ranking.rows].astype(np.float32)
        ranking = msgspec.structs.replace(piece.ranking, scores=votes)
        return msgspec.structs.replace(piece, source="listed", ranking=ranking)

    def _ranked(self, period: Period, candidates: Mask) -> Ranking:
        """Return a period's list without scores: while votes leave its order alone it is the same."""
        catalogue = self._live.catalogue
        inside = candidates & (catalogue.listed_us >= period.start_us)
        inside &= catalogue.listed_us < period.end_us
        ranking = voted_list(catalogue, np.flatnonzero(inside), _DEPTH)
        return msgspec.structs.replace(ranking, scores=np.zeros_like(ranking.scores))
