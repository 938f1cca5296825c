"""The use case of what is similar: like some items and unlike others."""

import numpy as np

from recsvc.core.choices import Likeness
from recsvc.core.items.catalogue import Rows
from recsvc.core.ranking.public_lists import Examples, similar_list
from recsvc.errors import NotFoundError
from recsvc.lists.arrival import NEW_ITEM_WAIT_S, arrived
from recsvc.lists.audience import Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, RankedList, new_feed_id
from recsvc.lists.shapes import Feed, Page


class Similar:
    """Answers what is like what."""

    def __init__(self, kit: Kit) -> None:
        self._live = kit.live
        self._cache = kit.cache
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._depth = kit.params.depth

    async def similar(
        self, positive: list[str], negative: list[str], page: Page, by: Likeness = "both"
    ) -> Feed:
        """Return what is like some items and unlike others, none of these themselves.

        Items that are unknown are left out.

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
        ranking = similar_list(self._live.model, examples, candidates, self._depth)
        listed = RankedList("similar", "similar", ranking, new_feed_id())
        return await self._pager.first(listed, page, audience)
