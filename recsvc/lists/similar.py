"""The use case of what is similar: like some items and unlike others."""

import numpy as np

from recsvc.clock import this_minute_us
from recsvc.core.choices import Likeness
from recsvc.core.items.catalogue import Mask, Rows
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.public_lists import Examples, Fading, cold_list, similar_list
from recsvc.errors import NotFoundError
from recsvc.lists.arrival import NEW_ITEM_WAIT_S, arrived
from recsvc.lists.audience import Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, RankedList, new_feed_id
from recsvc.lists.shapes import Feed, ListSource, Page


class Similar:
    """Answers what is like what."""

    def __init__(self, kit: Kit) -> None:
        self._live = kit.live
        self._cache = kit.cache
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._params = kit.params

    async def similar(
        self, positive: list[str], negative: list[str], page: Page, by: Likeness = "both"
    ) -> Feed:
        """Return what is like some items and unlike others, none of these themselves.

        Items that are unknown are left out. Where nothing is like them in any way, as of an item
        without words, it is what gathers votes, then the newest.

        Raises:
            NotFoundError: when there is none of the positive ones.
        """
        audience = await self._audiences.at_a_board(page.user)
        if page.cursor is not None:
            piece = await self._pager.further("similar", page, audience)
        else:
            examples = await self._examples(positive, negative, by)
            piece = await self._begun(examples, page, audience)
        return await self._dresser.dressed(piece, page, audience)

    def _instead(self, examples: Examples, candidates: Mask) -> tuple[ListSource, Ranking]:
        """Return a list for where nothing is like what was asked for, and who proposes it."""
        others = candidates.copy()
        others[np.concatenate([examples.positive, examples.negative])] = False
        half_life_us = self._params.trending.half_life_us("month")
        fading = Fading("month", half_life_us, this_minute_us())
        ranking = cold_list(self._live.catalogue, fading, others, self._params.depth)
        is_trending = len(ranking.rows) > 0 and ranking.scores[0] != 0
        return ("trending" if is_trending else "new"), ranking

    async def _examples(self, positive: list[str], negative: list[str], by: Likeness) -> Examples:
        """Return both by row, once this process has what has just arrived.

        Raises:
            NotFoundError: when there is none of the positive ones.
        """
        names = positive + negative
        unknown = [name for name in names if self._live.catalogue.row_of(name) is None]
        await arrived(self._live, self._cache, unknown)
        wanted, unwanted = self._rows_of(positive), self._rows_of(negative)
        await self._live.wait_for_rows(np.concatenate([wanted, unwanted]), NEW_ITEM_WAIT_S)
        if len(wanted) == 0:
            raise NotFoundError(f"there is no item {positive[0]!r}")
        return Examples(wanted, unwanted, by)

    def _rows_of(self, items: list[str]) -> Rows:
        """Return the rows of those items that can be listed, each once."""
        rows = (self._live.catalogue.row_of(item) for item in items)
        return np.unique(np.array([row for row in rows if row is not None], np.int64))

    async def _begun(self, examples: Examples, page: Page, audience: Audience) -> Piece:
        candidates = audience.allowed(self._live.catalogue.mask(page.filters))
        ranking = similar_list(self._live.model, examples, candidates, self._params.depth)
        listed = RankedList("similar", "similar", ranking, new_feed_id())
        if not len(ranking.rows) and examples.by == "both":  # whoever says by what wants no other
            listed = RankedList("similar", *self._instead(examples, candidates), new_feed_id())
        return await self._pager.first(listed, page, audience)
