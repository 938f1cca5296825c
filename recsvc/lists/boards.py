"""The use cases of boards, which are everybody's: trending and new."""

import msgspec

from recsvc.clock import this_minute_us
from recsvc.core.choices import Window
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.public_lists import Fading, new_list, trending_list
from recsvc.lists.audience import EVERYBODY, Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, RankedList, cut, new_feed_id
from recsvc.lists.shapes import Feed, Page


class PublicBoards:
    """Answers what everybody sees; a reader who asks, without what they hid and mute."""

    def __init__(self, kit: Kit) -> None:
        self._live = kit.live
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._shared = kit.shared
        self._params = kit.params

    async def trending(self, window: Window, page: Page) -> Feed:
        """Return what gathers votes now."""
        audience = await self._audiences.at_a_board(page.user)
        shared = await self._shared.answer(
            ("trending", window), page, audience, lambda: self._trending(window, page, EVERYBODY)
        )
        if shared is not None:
            return shared
        if page.cursor is None:
            piece, _ = await self._trending(window, page, audience)
        else:
            piece = await self._pager.further("trending", page, audience)
        return await self._dresser.dressed(piece, page, audience)

    async def _trending(
        self, window: Window, page: Page, audience: Audience
    ) -> tuple[Piece, Ranking]:
        """Return the first page, and the whole list."""
        catalogue, params = self._live.catalogue, self._params
        candidates = audience.allowed(catalogue.mask(page.filters))
        fading = Fading(window, params.trending.half_life_us(window), this_minute_us())
        ranking = trending_list(catalogue, fading, candidates, params.depth)
        listed = RankedList("trending", "trending", ranking, new_feed_id())
        return await self._pager.first(listed, page, audience), ranking

    async def new(self, page: Page) -> Feed:
        """Return every visible item, latest listed first: continued from its last item, to the end."""
        audience = await self._audiences.at_a_board(page.user)
        shared = await self._shared.answer(
            ("new", None), page, audience, lambda: self._new(page, EVERYBODY)
        )
        if shared is not None:
            return shared
        piece, _ = await self._new(page, audience)
        return await self._dresser.dressed(piece, page, audience)

    async def _new(self, page: Page, audience: Audience) -> tuple[Piece, Ranking]:
        """Return a page, and what it is of the list, with the item behind it."""
        start = None if page.cursor is None else self._pager.start(page.cursor, "new")
        catalogue = self._live.catalogue
        candidates = audience.allowed(catalogue.mask(page.filters))
        after = None if start is None else start.after
        ranking = new_list(catalogue, candidates, page.limit + 1, after)
        shown = cut(ranking, slice(0, page.limit))
        feed_id, position = (new_feed_id(), 0) if start is None else (start.feed_id, start.position)
        n, cursor = len(shown.rows), None
        if len(ranking.rows) > n:
            last = int(shown.rows[-1])
            follow = self._pager.follow("new", "new", feed_id, position + n)
            after = (int(catalogue.listed_us[last]), last)
            cursor = msgspec.structs.replace(follow, after=after)
        following = None if cursor is None else self._pager.sealed(cursor)
        places = list(range(position, position + n))
        piece = Piece("new", shown, feed_id, places, following, cursor)
        return piece, ranking
