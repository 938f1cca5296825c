"""The use case of searching: by words and by likeness of texts, with what was found marked."""

import msgspec
import numpy as np

from recsvc.core.choices import Sort
from recsvc.core.items.catalogue import Mask
from recsvc.core.ranking.blend import SEARCH, Ranking
from recsvc.core.ranking.fusion import Rows, Scores, fuse_with_vectors, vector_ranking
from recsvc.core.text.display import readable
from recsvc.core.text.highlight import highlighted, snippet
from recsvc.core.text.query import Asked, asked
from recsvc.core.text.terms import term_counts
from recsvc.lists.kit import Kit
from recsvc.lists.paging import RankedList, new_feed_id
from recsvc.lists.shapes import Feed, Highlights, Listed, Page
from recsvc.live.search_index import SearchIndex

_SNIPPET_CHARS = 280


class _Question(msgspec.Struct, frozen=True):
    """What is looked for, and how."""

    wanted: Asked
    prefix: bool
    sort: Sort


class Search:
    """Finds items."""

    def __init__(self, kit: Kit, index: SearchIndex) -> None:
        self._live = kit.live
        self._cache = kit.cache
        self._audiences = kit.audiences
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._depth = kit.params.depth
        self._index = index

    async def search(
        self, query: str, page: Page, *, prefix: bool = False, sort: Sort = "relevance"
    ) -> Feed:
        """Return what a query finds.

        Args:
            prefix: whether the last word may be only the beginning of one, as while it is typed.
            sort: `new` puts what was found in the order of listing, latest first.
        """
        audience = await self._audiences.at_a_board(page.user)
        wanted = asked(query)
        if page.cursor is None:
            candidates = audience.allowed(self._live.catalogue.mask(page.filters))
            ranking = self._rank(_Question(wanted, prefix, sort), page, candidates)
            listed = RankedList("search", "search", ranking, new_feed_id())
            piece = await self._pager.first(listed, page, audience)
        else:
            piece = await self._pager.further("search", page, audience)
        feed = await self._dresser.dressed(piece, page, audience)
        return feed if page.ids_only else await self._marked(feed, wanted, prefix)

    def _rank(self, question: _Question, page: Page, candidates: Mask) -> Ranking:
        order = self._latest if question.sort == "new" else self._relevant
        rows, scores = order(question, page, candidates)
        return Ranking(rows, scores, np.full(len(rows), SEARCH, np.uint8))

    def _latest(self, question: _Question, page: Page, candidates: Mask) -> tuple[Rows, Scores]:
        """Return what holds all words, latest listed first: what merely reads alike is no news."""
        found = self._index.holding(question.wanted, page.filters, prefix=question.prefix)
        rows = self._listable(found, candidates)
        order = np.lexsort((-rows, -self._live.catalogue.listed_us[rows]))[: self._depth]
        return rows[order], np.zeros(len(order), np.float32)

    def _relevant(self, question: _Question, page: Page, candidates: Mask) -> tuple[Rows, Scores]:
        """Return what goes by that name, then what holds the words."""
        model, wanted = self._live.model, question.wanted
        named = self._listable(self._index.named(wanted, page.filters), candidates)
        found = self._index.search(wanted, page.filters, self._depth, prefix=question.prefix)
        found = self._listable(found, candidates)
        alike = found[:0]
        if len(found) and not (wanted.phrases or wanted.without or wanted.is_identifier):
            counts = term_counts([wanted.words])
            holds = np.zeros(len(candidates), bool)
            holds[found] = True  # what merely reads alike is not found
            alike = vector_ranking(model, counts, found, holds, self._depth)
        rows, scores = fuse_with_vectors(found, alike, model.n, self._depth)
        others = ~np.isin(rows, named)
        rows = np.concatenate([named, rows[others]])[: self._depth]
        scores = np.concatenate([np.ones(len(named), np.float32), scores[others]])[: self._depth]
        return rows, scores

    def _listable(self, rows: Rows, candidates: Mask) -> Rows:
        known = rows[rows < self._live.catalogue.n]
        return known[candidates[known]]

    async def _marked(self, feed: Feed, wanted: Asked, prefix: bool) -> Feed:
        found = self._index.finding(wanted, prefix=prefix)
        bodies = await self._cache.get([listed.id for listed in feed.items])
        items: list[Listed] = []
        for listed in feed.items:
            body = bodies.get(listed.id)
            if body is None:
                items.append(listed)  # deleted this instant
                continue
            marks = Highlights(
                highlighted(readable(body.title, has_markup=False), found),
                snippet(readable(body.text, has_markup=False), found, _SNIPPET_CHARS),
            )
            items.append(msgspec.structs.replace(listed, highlights=marks))
        return msgspec.structs.replace(feed, items=items)
