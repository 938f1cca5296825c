"""The use case of ranking what the caller brings: every candidate comes back, each once."""

import msgspec
import numpy as np

from recsvc.core.items.catalogue import Rows
from recsvc.core.ranking.public_lists import new_list
from recsvc.core.ranking.reasons import ReasonKind
from recsvc.lists.arrival import NEW_ITEM_WAIT_S
from recsvc.lists.audience import Audience
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, new_feed_id
from recsvc.lists.shapes import Feed, Listed, Page, Reason

_WHY: dict[ReasonKind, str] = {
    "unknown": "Nothing that could be shown goes by this id",
    "hidden": "The reader hid or muted it",
    "own": "It is the reader's own",
}


class Candidates:
    """Puts the caller's own candidates in a reader's order."""

    def __init__(self, kit: Kit) -> None:
        self._live = kit.live
        self._audiences = kit.audiences
        self._ranker = kit.ranker
        self._dresser = kit.dresser

    async def rank(self, user: str | None, items: list[str], page: Page) -> Feed:
        """Return all candidates: in the reader's order, then those that cannot be ranked.

        What the model does not know yet stands behind what it does. Last, in the caller's order, with
        a score of 0 and without their fields, come those that the reader hid or mutes (`hidden`), the
        reader's own (`own`) and those that do not exist or are hidden from everybody (`unknown`).

        Args:
            page: how many it asks for does not count.
        """
        audience = await self._audiences.of(user, "show")
        catalogue = self._live.catalogue
        names = list(dict.fromkeys(map(catalogue.aliases.resolve, items)))
        row_of = {name: row for name in names if (row := catalogue.row_of(name)) is not None}
        rows = np.array(list(row_of.values()), np.int64)
        await self._live.wait_for_rows(rows, NEW_ITEM_WAIT_S)
        feed = await self._ranked(rows, page, audience)
        done = {listed.id for listed in feed.items}
        begin = max((listed.position for listed in feed.items), default=-1) + 1
        own = catalogue.owned_by(user)
        why = dict.fromkeys(audience.reader.excluded, "hidden") | dict.fromkeys(own, "own")
        last = [
            _unranked(name, why.get(row_of.get(name, -1), "unknown"), begin + n)
            for n, name in enumerate(name for name in names if name not in done)
        ]
        return msgspec.structs.replace(feed, items=feed.items + last)

    async def _ranked(self, rows: Rows, page: Page, audience: Audience) -> Feed:
        """Return those that may be shown, those that the model does not know yet last."""
        wanted = np.zeros(self._live.catalogue.n, bool)
        wanted[rows] = True
        wanted = audience.allowed(wanted)
        found = self._ranker.ranked(audience, wanted, len(rows))
        ranking, source = found.ranking, found.source
        audience = audience.unless_unsound(is_sound=found.is_sound)
        places, feed_id = list(range(len(rows))), new_feed_id()
        piece = Piece(source, ranking, feed_id, places[: len(ranking.rows)], None)
        feed = await self._dresser.dressed(piece, page, audience)
        wanted[ranking.rows] = False
        if not wanted.any():
            return feed
        rest = new_list(self._live.catalogue, wanted, len(rows))
        begin = len(ranking.rows)
        piece = Piece(source, rest, feed_id, places[begin : begin + len(rest.rows)], None)
        more = await self._dresser.dressed(piece, page, audience)
        return msgspec.structs.replace(feed, items=feed.items + more.items)


def _unranked(item: str, kind: ReasonKind, position: int) -> Listed:
    return Listed(item, position, 0.0, kind, Reason(kind, [], _WHY[kind]))
