"""What a leading worker finds wrong: with its parts, its disk, its clock, and what it looks after."""

import asyncio
from pathlib import Path

from recsvc.store.bundled import mended_problem
from recsvc.store.clock import skew_problem
from recsvc.store.items.catalogue import Items
from recsvc.store.troubles import Troubles
from workers.disk import disk_problem
from workers.log.archive import Archive

STUCK_S = 60.0

_TOLD = ("ingest", "archiving", "copying", "train", "recount", "topics", "warm", "auditing")
_BARE = "the archive holds {n} events and the catalogue no item: put the items anew"


class Watch:
    """Notes what goes wrong, and tells what goes on being so."""

    def __init__(self, troubles: Troubles, archive: Archive, items: Items, data_dir: Path) -> None:
        self._troubles = troubles
        self._archive = archive
        self._items = items
        self._data_dir = data_dir
        self._failing: dict[str, tuple[float, str]] = {}  # part -> since when, and why

    def failed(self, part: str, why: str, now_s: float) -> None:
        """Note that a part of the worker failed; it is tried again."""
        since_s, _ = self._failing.get(part, (now_s, ""))
        self._failing[part] = (since_s, why)

    def went_well(self, part: str) -> None:
        """Note that a part did what it had to."""
        self._failing.pop(part, None)

    async def look(self, now_s: float) -> None:
        """Look at everything that is wrong by now.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        note = self._troubles.note
        note("clock", skew_problem())
        for part in _TOLD:
            since_s, why = self._failing.get(part, (now_s, ""))
            is_stuck = now_s - since_s > STUCK_S
            told = f"the worker's part `{part}` fails again and again: {why}"
            note(part, told if is_stuck else None)
        note("log", mended_problem(self._data_dir))
        note("disk", disk_problem(self._data_dir))
        n_events = await asyncio.to_thread(self._archive.count)
        is_bare = n_events > 0 and await self._items.count() == 0
        note("catalogue", _BARE.format(n=n_events) if is_bare else None)
