"""What a leading worker finds wrong: with its parts, its disk, its clock, and what it looks after."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from recsvc.store.bundled import mended_problem
from recsvc.store.clock import skew_problem
from recsvc.store.items.catalogue import Items
from recsvc.store.troubles import Troubles
from workers.disk import disk_problem
from workers.log.archive import Archive

STUCK_S = 60.0

_BARE = "the archive holds {n} events and the catalogue no item: put the items anew"


class _Failing(NamedTuple):
    """Since when a part fails, when it did so last, and why.

    One that rests for minutes between its runs and failed once does not go on failing meanwhile.
    """

    since_s: float
    latest_s: float
    why: str

    def told(self, part: str) -> str | None:
        """Return what is to be said of a part, once it goes on."""
        if self.latest_s - self.since_s < STUCK_S:
            return None
        return f"the worker's part `{part}` fails again and again: {self.why}"


class Watch:
    """Notes what goes wrong, and tells what goes on being so."""

    def __init__(self, troubles: Troubles, archive: Archive, items: Items, data_dir: Path) -> None:
        self._troubles = troubles
        self._archive = archive
        self._items = items
        self._data_dir = data_dir
        # Of each part that ever failed; None once it went well again.
        self._failing: dict[str, _Failing | None] = {}

    def failed(self, part: str, why: str, now_s: float) -> None:
        """Note that a part of the worker failed; it is tried again."""
        known = self._failing.get(part)
        self._failing[part] = _Failing(known.since_s if known else now_s, now_s, why)

    def went_well(self, part: str) -> None:
        """Note that a part did what it had to."""
        if part in self._failing:
            self._failing[part] = None

    async def look(self) -> None:
        """Look at everything that is wrong by now.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        note = self._troubles.note
        note("clock", skew_problem())
        for part, failing in self._failing.items():
            note(part, None if failing is None else failing.told(part))
        note("log", mended_problem(self._data_dir))
        note("disk", disk_problem(self._data_dir))
        n_events = await asyncio.to_thread(self._archive.count)
        is_bare = n_events > 0 and await self._items.count() == 0
        note("catalogue", _BARE.format(n=n_events) if is_bare else None)
