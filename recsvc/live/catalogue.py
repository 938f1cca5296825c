"""The catalogue at hand: items, their words and their boards, as far as this process has heard."""

import asyncio
from collections.abc import Awaitable, Callable

from numpy import int64
from numpy.typing import NDArray

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import TrendingParams
from recsvc.live.item_cache import ItemCache
from recsvc.live.search_index import SearchIndex
from recsvc.live.texts import Placed
from recsvc.store.entry_ids import EntryId, parse
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.items.news import News, Place, latest
from recsvc.store.pipe import Pipe


class LiveCatalogue:
    """Loads the catalogue whole, then takes in what changes.

    Attributes:
        catalogue: every item by row.
        catalogue_id: which catalogue this is.
        n_loaded: how often it was loaded whole.
        place: how far the changes of the store are in here.
        applied: the entry of each shard's log that the boards here have come to.
        observe_lag: told how many seconds after its logging an event reached these boards.
    """

    def __init__(self, items: Items, boards: Boards, cache: ItemCache, index: SearchIndex) -> None:
        self._items = items
        self._boards = boards
        self._cache = cache
        self._index = index
        self.catalogue = Catalogue()
        self.catalogue_id = ""
        self.n_loaded = 0
        self.place = Place()
        self.applied: dict[int, EntryId] = {}
        self.observe_lag: Callable[[float], object] = _ignore

    async def load(
        self, take: Callable[[list[Placed]], Awaitable[None]], kept: Pipe | None = None
    ) -> None:
        """Load everything; until that is done, what was here before stays.

        Args:
            take: given the items too, in batches.
            kept: what stands for the store while it is away.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        items = self._items if kept is None else Items(kept)
        boards = self._boards if kept is None else Boards(kept, TrendingParams())
        # The place first: what changes while we load comes again, and coming twice does no harm.
        place = await latest(items, boards)
        catalogue, rows = Catalogue(), await items.rows()
        for item_id, row in sorted(rows.items(), key=lambda pair: pair[1]):
            catalogue.remove(row, item_id)
        self._index.clear()
        async for batch in items.all():
            # One without a row arrived meanwhile: its change is still to come.
            placed = [(rows[item.id], item) for item in batch if item.id in rows]
            for row, item in placed:
                catalogue.put(row, item)
                self._cache.put(item)
                self._index.put(row, item)
            await take(placed)
        for item_id, board in (await boards.all()).items():
            catalogue.set_board(item_id, board)
        self.applied = {s: parse(e) for s, e in (await boards.applied()).items()}
        await asyncio.to_thread(self._index.commit)
        self.catalogue, self.place = catalogue, place
        self.n_loaded += 1

    async def identify(self, kept: Pipe | None = None) -> str:
        """Ask which catalogue the store holds."""
        items = self._items if kept is None else Items(kept)
        self.catalogue_id = await items.catalogue_id()
        return self.catalogue_id

    async def take_items(self, rows: dict[str, int]) -> list[Placed]:
        """Take in what became of items; return those that there still are.

        Args:
            rows: the row of each by its id.
        """
        found = dict(zip(rows, await self._items.get(list(rows)), strict=True))
        await asyncio.to_thread(self._reindex, rows, found)
        for item_id, item in found.items():
            if item is None:
                self.catalogue.remove(rows[item_id], item_id)
                self._cache.drop(item_id)
            else:
                self.catalogue.put(rows[item_id], item)
                self._cache.put(item)
        return [(rows[item.id], item) for item in found.values() if item is not None]

    def take_boards(self, news: News) -> None:
        """Take in what became of the boards."""
        for item_id, board in news.boards:
            self.catalogue.set_board(item_id, board)
        for shard, entry in news.applied:
            self.applied[shard] = entry
            self.observe_lag(max(0.0, now_us() / SECOND_US - entry[0] / 1000))

    async def items_at(self, rows: list[int]) -> list[Placed]:
        """Return the items of some rows, of those that have one, with the rows."""
        catalogue = self.catalogue
        found = await self._items.get([catalogue.id_of(row) for row in rows])
        return [(catalogue.rows[item.id], item) for item in found if item is not None]

    def rows_with(self, words: str) -> NDArray[int64]:
        """Return the rows whose title or text has a word, or several in a row."""
        return self._index.rows_with(words)

    def _reindex(self, rows: dict[str, int], found: dict[str, StoredItem | None]) -> None:
        """Make items findable before they are listed: who lists them may ask for their words."""
        for item_id, item in found.items():
            if item is None:
                self._index.remove(rows[item_id])
            else:
                self._index.put(rows[item_id], item)
        self._index.commit()


def _ignore(_: float) -> None:
    """Observe nothing."""
