"""How the loop fares, kept hour by hour: when an hour is counted, and from which catalogue.

The hour that goes on is counted again and again, one that is over once more when clicks on its lists no
longer count. What is kept names no reader, so that nobody has to be erased from it.
"""

import asyncio
from collections.abc import Iterator

import polars as pl

from recsvc.clock import DAY_US, HOUR_US, to_us
from recsvc.core.items.item import StoredItem
from recsvc.core.loop import NO_TARGETS, Hour, TargetParams
from recsvc.store.items.catalogue import Items
from recsvc.store.log.loop import LoopStore
from workers.log.archive import Archive
from workers.log.attribution import WINDOW_HOURS
from workers.log.exposures import ExposureFiles
from workers.loop.figures import CATALOGUE, IN_FILES_US, NEVER_US, Figures

_WINDOW_US = int(WINDOW_HOURS * HOUR_US)
# Hours that are made up for when a worker begins, and those whose clicks are.
_MADE_UP_US, _SETTLED_US = DAY_US, 3 * DAY_US
_CATALOGUE_US = HOUR_US // 6


class LoopHealth:
    """Counts how the loop fares; at most one at a time, by the leader."""

    def __init__(
        self,
        store: LoopStore,
        files: ExposureFiles,
        archive: Archive,
        items: Items,
        targets: TargetParams = NO_TARGETS,
    ) -> None:
        self._store = store
        self._files = files
        self._items = items
        self._figures = Figures(files, archive, targets)
        self._catalogue_as_of: tuple[str, int] | None = None

    async def run_once(self, now_us: int) -> int:
        """Count the hour that goes on, and one that is over; return how many were to be counted."""
        began_us = self._files.began_us()
        if began_us is None:
            return 0
        kept = {hour.at_us: hour for hour in await self._store.hours(now_us - _SETTLED_US, now_us)}
        wanted = [at_us for at_us in due(kept, now_us) if at_us + HOUR_US > began_us]
        over = [at_us for at_us in wanted if at_us + HOUR_US <= now_us]
        chosen = [at_us for at_us in wanted if at_us + HOUR_US > now_us] + over[:1]
        await self._know_catalogue(now_us)
        for at_us in chosen:
            known = kept.get(at_us)
            found = await asyncio.to_thread(self._despite_damage, at_us, known, now_us)
            await self._store.keep(found)
        return len(chosen)

    async def _know_catalogue(self, now_us: int) -> None:
        """Read the catalogue anew if it changed, now and then."""
        change = await self._items.last_change()
        if self._catalogue_as_of is not None:
            known, read_us = self._catalogue_as_of
            if known == change or now_us - read_us < _CATALOGUE_US:
                return
        rows = [_row(item) async for batch in self._items.all() for item in batch]
        found = pl.DataFrame(rows, schema=CATALOGUE, orient="row")
        self._figures.catalogue = found.unique("item", maintain_order=True)
        self._catalogue_as_of = (change, now_us)

    def _despite_damage(self, at_us: int, known: Hour | None, now_us: int) -> Hour:
        return self._files.despite_damage(lambda: self._figures.of(at_us, known, now_us))


def due(kept: dict[int, Hour], now_us: int) -> Iterator[int]:
    """Yield the hours that are to be counted, latest first."""
    this_hour_us = now_us // HOUR_US * HOUR_US
    for at_us in range(this_hour_us, this_hour_us - _SETTLED_US, -HOUR_US):
        hour, end_us = kept.get(at_us), at_us + HOUR_US
        if hour is None:
            if now_us - at_us <= _MADE_UP_US:
                yield at_us
        elif hour.counted_us < end_us + IN_FILES_US or (
            hour.counted_us < end_us + _WINDOW_US + IN_FILES_US <= now_us
        ):
            yield at_us


def _row(item: StoredItem) -> tuple[object, ...]:
    listed_us = item.created_us if item.listed_at is None else to_us(item.listed_at)
    expires_us = NEVER_US if item.expires_at is None else to_us(item.expires_at)
    return (
        item.id,
        item.created_us,
        NEVER_US if item.hidden else listed_us,
        expires_us,
        list(item.shown_topics),
        [item.organisation.slug] if item.organisation else [],
    )
