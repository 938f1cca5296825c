"""What a search makes of its query, told: how much was found, and what became of the words."""

from collections import Counter
from zoneinfo import ZoneInfo

import msgspec

from recsvc.core.items.catalogue import Rows
from recsvc.core.text.highlight import words_like
from recsvc.core.text.query import Asked
from recsvc.lists.facets import facets
from recsvc.lists.kit import Kit
from recsvc.lists.searched import Instead, Manner, QueryReport
from recsvc.live.search_index import SearchIndex

# Items that are asked which word a typo was meant to be, and how many words are told of.
_TOLD_BY, _TOLD = 20, 3


class Finds(msgspec.Struct, frozen=True):
    """What words find.

    Attributes:
        named: rows that go by what is asked for.
        full: rows that hold every word that tells something, those of `named` too, best first.
        part: further rows, which hold some, best first.
        at_least: whether there are more than were read.
    """

    named: Rows
    full: Rows
    part: Rows
    at_least: bool


class QueryReports:
    """Tells of searches.

    Args:
        zone: in which years begin.
    """

    def __init__(self, kit: Kit, index: SearchIndex, zone: ZoneInfo) -> None:
        self._live = kit.live
        self._cache = kit.cache
        self._index = index
        self._zone = zone

    async def report(self, wanted: Asked, finds: Finds, manner: Manner) -> QueryReport:
        """Return what became of a query."""
        catalogue = self._live.catalogue
        unknown: list[str] = []
        instead: list[Instead] = []
        nowhere = self._index.nowhere(wanted, _TOLD_BY, prefix=manner.prefix)
        for word, rows in nowhere.items():
            known = rows[rows < catalogue.n]
            listable = known[catalogue.visible[known]]
            meant = await self._meant(word, listable)
            if meant:
                instead.append(Instead(word, meant))
            elif not len(listable):
                unknown.append(word)
        counted = finds.full if len(finds.full) else finds.part
        return QueryReport(
            found=len(finds.full),
            related=len(finds.part),
            at_least=finds.at_least,
            ignored=self._index.ignored(wanted),
            beyond=self._index.beyond(wanted),
            unknown=unknown,
            instead=instead,
            facets=await facets(catalogue, self._cache, counted, self._zone)
            if manner.facets
            else msgspec.UNSET,
        )

    async def _meant(self, word: str, rows: Rows) -> list[str]:
        """Return what items that were found for a typo say in its place, most often said first."""
        bodies = await self._cache.get([self._live.catalogue.id_of(row) for row in rows.tolist()])
        said: Counter[str] = Counter()
        for body in bodies.values():
            said.update(words_like(word, self._index.words_of(body)))
        return [like for like, _ in sorted(said.items(), key=lambda one: (-one[1], one[0]))[:_TOLD]]
