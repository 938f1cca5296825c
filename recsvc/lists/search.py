"""The use case of searching: by words and by likeness of texts, with what was found marked."""

from typing import Literal

import msgspec
import numpy as np

from recsvc.core.ranking.blend import SEARCH, Ranking
from recsvc.core.ranking.fusion import fuse_with_vectors, vector_ranking
from recsvc.core.text.highlight import highlighted, snippet
from recsvc.core.text.query import Asked, asked
from recsvc.core.text.terms import term_counts
from recsvc.lists.recommender import Recommender
from recsvc.lists.shapes import Feed, Highlights, Listed, Page
from recsvc.live.item_cache import ItemCache
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live

Sort = Literal["relevance", "new"]

_SNIPPET_CHARS = 280


class Search:
    """Finds items."""

    def __init__(
        self,
        live: Live,
        index: SearchIndex,
        cache: ItemCache,
        recommender: Recommender,
        depth: int,
    ) -> None:
        self._live = live
        self._index = index
        self._cache = cache
        self._recommender = recommender
        self._depth = depth

    async def search(
        self, query: str, page: Page, *, prefix: bool = False, sort: Sort = "relevance"
    ) -> Feed:
        """Return what a query finds.

        Args:
            prefix: whether the last word may be only the beginning of one, as while it is typed.
            sort: `new` puts what was found in the order of listing, latest first.
        """
        wanted = asked(query)
        if page.cursor is None:
            ranking = self._rank(wanted, page, prefix, sort)
            feed = await self._recommender.ranked("search", ranking, "search", page)
        else:
            feed = await self._recommender.continued("search", page)
        return feed if page.ids_only else await self._marked(feed, wanted, prefix)

    def _rank(self, wanted: Asked, page: Page, prefix: bool, sort: Sort) -> Ranking:
        catalogue, model = self._live.catalogue, self._live.model
        candidates = catalogue.mask(page.filters)
        found = self._index.search(wanted, page.filters, self._depth, prefix=prefix)
        found = found[found < catalogue.n]
        found = found[candidates[found]]
        rows, scores = found, np.zeros(len(found), np.float32)
        if len(found) and not (wanted.phrases or wanted.without):
            counts = term_counts([wanted.words])
            alike = vector_ranking(model, counts, found, candidates, self._depth)
            rows, scores = fuse_with_vectors(found, alike, model.n, self._depth)
        else:
            rows, scores = fuse_with_vectors(found, found[:0], model.n, self._depth)
        if sort == "new":
            order = np.lexsort((-rows, -catalogue.listed_us[rows]))
            rows, scores = rows[order], scores[order]
        return Ranking(rows, scores, np.full(len(rows), SEARCH, np.uint8))

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
                highlighted(body.title, found), snippet(body.text, found, _SNIPPET_CHARS)
            )
            items.append(msgspec.structs.replace(listed, highlights=marks))
        return msgspec.structs.replace(feed, items=items)
