"""Taking in a reader's library: their taste before they did anything here.

Each entry that is in the catalogue becomes a `save` of the day it was added. What the profile already
knows of saving an item is not repeated, so that a library can be imported as often as it grows.
"""

import hashlib
from datetime import datetime

from recsvc.clock import from_us, now_us, to_us
from recsvc.core.access.trust import Trust
from recsvc.core.readers.events import MIN_AT_US, Bringer, Event, accept, event_of
from recsvc.core.readers.kinds import KINDS, SAVE
from recsvc.intake.items import ItemIntake
from recsvc.intake.summary import Summary
from recsvc.sources.records import LibraryEntry
from recsvc.store.log.writing import EventLog
from recsvc.store.readers.profiles import Profiles


class LibraryIntake:
    """Takes in one reader's library.

    Args:
        reader: whose it is; None when only its papers are wanted.
        add_items: whether papers that are not in the catalogue become items.
    """

    def __init__(
        self,
        items: ItemIntake,
        log: EventLog,
        profiles: Profiles,
        summary: Summary,
        *,
        reader: str | None,
        add_items: bool,
        dry_run: bool,
    ) -> None:
        self._items = items
        self._log = log
        self._profiles = profiles
        self._summary = summary
        self._reader = reader
        self._add_items = add_items
        self._dry_run = dry_run
        self._entries: list[tuple[LibraryEntry, str]] = []

    def take(self, entry: LibraryEntry, origin: str) -> None:
        """Take in an entry; it is looked up when everything else has been read."""
        self._entries.append((entry, origin))

    async def finish(self) -> None:
        """Look the entries up, add what is to be added, and save it all for the reader."""
        added: dict[str, tuple[int | None, str]] = {}
        for entry, origin in self._entries:
            item = self._items.index.find(entry.item)
            if item is None and self._add_items and entry.item.title:
                item = await self._items.take(entry.item, origin, by_title=True)
            if item is None:
                self._summary.not_in_catalogue.append(_described(entry))
                continue
            known = added.get(item, (None, origin))[0]
            dates = [at for at in (known, _instant(entry.added_at)) if at is not None]
            added[item] = (min(dates, default=None), origin)
        await self._items.write()
        if self._reader is not None:
            await self._save(self._reader, added)

    async def _save(self, reader: str, added: dict[str, tuple[int | None, str]]) -> None:
        """Record what the reader saved, but for what their profile has a word on already.

        Args:
            added: item -> when it was added, None where the library does not say, and by which format.
        """
        profile, _ = await self._profiles.read(reader)
        known = {
            interaction.item: abs(interaction.states[SAVE])
            for interaction in profile.interactions
            if SAVE in interaction.states
        }
        now = now_us()
        entries = [
            accept(
                _saved(reader, item, min(now if at is None else at, now)),
                None,
                KINDS,
                now,
                Bringer(origin, Trust.IMPORT),
            )
            for item, (at, origin) in added.items()
            if item not in known or (at is not None and at > known[item])
        ]
        fresh = [True] * len(entries)
        if not self._dry_run:
            fresh = await self._log.record(entries, [False] * len(entries))
        self._summary.saved += sum(fresh)
        self._summary.saved_before += len(added) - sum(fresh)


def _saved(reader: str, item: str, at_us: int) -> Event:
    digest = hashlib.blake2b(item.encode(), digest_size=12).hexdigest()
    event_id = f"library-{digest}-{at_us}"
    fields = {"user": reader, "item": item, "kind": SAVE, "at": from_us(at_us)}
    return event_of({**fields, "event_id": event_id})


def _instant(moment: datetime | None) -> int | None:
    """Return an instant that events may have; None for none, and for dates that mean nothing."""
    if moment is None or to_us(moment) < MIN_AT_US:
        return None
    return to_us(moment)


def _described(entry: LibraryEntry) -> str:
    return f"{entry.place.file}:{entry.place.line}: {entry.item.title or entry.item.id}"
