"""The use case of searching: by words and by likeness of texts, with what was found marked."""

import asyncio
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from recsvc.core.items.catalogue import Filters, Mask
from recsvc.core.ranking.blend import SEARCH, Ranking
from recsvc.core.ranking.fusion import Rows, Scores, fuse_with_vectors, vector_ranking
from recsvc.core.text.display import spelled
from recsvc.core.text.highlight import highlighted, snippet
from recsvc.core.text.query import Asked, asked
from recsvc.core.text.terms import term_counts
from recsvc.lists.kit import Kit
from recsvc.lists.paging import RankedList, new_feed_id
from recsvc.lists.query_report import Finds, QueryReports
from recsvc.lists.searched import BEST_FIRST, Manner, SearchFeed
from recsvc.lists.shapes import Answer, Feed, Highlights, Listed, Page
from recsvc.live.search_index import SearchIndex

_SNIPPET_CHARS = 280
_AT_A_TIME = 10
# Finds that are counted one by one: reading so many takes some ten milliseconds.
_COUNTED = 20_000


class Search:
    """Finds items.

    Args:
        zone: in which years begin.
    """

    def __init__(self, kit: Kit, index: SearchIndex, zone: ZoneInfo) -> None:
        self._live = kit.live
        self._cache = kit.cache
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._depth = kit.params.depth
        self._index = index
        self._reports = QueryReports(kit, index, zone)

    async def search(self, query: str, page: Page, manner: Manner = BEST_FIRST) -> SearchFeed:
        """Return what a query finds."""
        audience = await self._audiences.at_a_board(page.user)
        wanted = asked(query)
        candidates = audience.allowed(self._live.catalogue.mask(page.filters))
        finds = self._finds(wanted, page.filters, candidates, manner)
        await asyncio.sleep(0)  # as below
        if page.cursor is None:
            ranking = self._ranking(wanted, finds, candidates, manner)
            listed = RankedList("search", "search", ranking, new_feed_id())
            piece = await self._pager.first(listed, page, audience)
        else:
            piece = await self._pager.further("search", page, audience)
        feed = await self._dresser.dressed(piece, page, audience)
        items = self._told_apart(feed, finds)
        if not page.ids_only:
            items = await self._marked(items, wanted, manner)
        said = {name: getattr(feed, name) for name in Answer.__struct_fields__}
        said["items"] = items
        report = await self._reports.report(wanted, finds, manner)
        return SearchFeed(**said, next=feed.next, search=report)

    def _finds(self, wanted: Asked, filters: Filters, candidates: Mask, manner: Manner) -> Finds:
        """Return what the words find, told apart by whether it holds all of them."""
        named = self._listable(self._index.named(wanted, filters), candidates)
        is_new = manner.sort == "new"
        k = None if is_new else _COUNTED
        whole = self._index.holding(wanted, filters, k, prefix=manner.prefix)
        # What merely holds some of the words is no news.
        some = (
            whole if is_new else self._index.search(wanted, filters, _COUNTED, prefix=manner.prefix)
        )
        at_least = not is_new and max(len(whole), len(some)) >= _COUNTED
        whole, some = self._listable(whole, candidates), self._listable(some, candidates)
        holds = np.zeros(len(candidates), bool)
        holds[whole] = holds[named] = True
        others = np.union1d(named, whole)
        full = np.concatenate([some[holds[some]], others[~np.isin(others, some)]])
        return Finds(named, full, some[~holds[some]], at_least)

    def _ranking(self, wanted: Asked, finds: Finds, candidates: Mask, manner: Manner) -> Ranking:
        order = self._latest if manner.sort == "new" else self._relevant
        rows, scores = order(wanted, finds, len(candidates))
        return Ranking(rows, scores, np.full(len(rows), SEARCH, np.uint8))

    def _latest(self, _wanted: Asked, finds: Finds, _n: int) -> tuple[Rows, Scores]:
        """Return what holds all words, latest listed first."""
        rows = finds.full
        order = np.lexsort((-rows, -self._live.catalogue.listed_us[rows]))[: self._depth]
        return rows[order], np.zeros(len(order), np.float32)

    def _relevant(self, wanted: Asked, finds: Finds, n: int) -> tuple[Rows, Scores]:
        """Return what goes by that name, then what holds all the words, then what holds some.

        None scores more than the one before it: what holds some of the words best may have scored
        more than what holds all of them.
        """
        model = self._live.model
        found = np.concatenate([finds.full, finds.part])[: self._depth]
        alike = found[:0]
        if len(found) and not (wanted.phrases or wanted.without or wanted.is_identifier):
            counts = term_counts([wanted.words])
            holds = np.zeros(n, bool)
            holds[found] = True  # what merely reads alike is not found
            alike = vector_ranking(model, counts, found, holds, self._depth)
        rows, scores = fuse_with_vectors(found, alike, model.n, self._depth)
        is_full, is_named = np.isin(rows, finds.full), np.isin(rows, finds.named)
        order = np.lexsort((np.arange(len(rows)), ~is_full, ~is_named))
        scores = np.where(is_named, np.float32(1), scores)[order]
        return rows[order], np.minimum.accumulate(scores)

    def _listable(self, rows: Rows, candidates: Mask) -> Rows:
        known = rows[rows < self._live.catalogue.n]
        return known[candidates[known]]

    def _told_apart(self, feed: Feed, finds: Finds) -> list[Listed]:
        """Return a page's places, each with whether it holds all the words."""
        rows = self._live.catalogue.rows
        placed = np.array([rows.get(listed.id, -1) for listed in feed.items], np.int64)
        is_full = np.isin(placed, finds.full).tolist()
        return [
            msgspec.structs.replace(listed, match="all" if full else "some")
            for listed, full in zip(feed.items, is_full, strict=True)
        ]

    async def _marked(self, items: list[Listed], wanted: Asked, manner: Manner) -> list[Listed]:
        found = self._index.finding(wanted, prefix=manner.prefix)
        bodies = await self._cache.get([listed.id for listed in items])
        marked: list[Listed] = []
        for n, listed in enumerate(items):
            if n % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)  # lists need not wait for all of it
            body = bodies.get(listed.id)
            if body is None:
                marked.append(listed)  # deleted this instant
                continue
            title, in_title = spelled(body.title, has_markup=False)
            text, in_text = spelled(body.text, has_markup=False)
            marks = Highlights(
                highlighted(title, found, in_title), snippet(text, found, _SNIPPET_CHARS, in_text)
            )
            marked.append(msgspec.structs.replace(listed, highlights=marks))
        return marked
