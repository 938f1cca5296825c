"""Taking in events: checked as if they came over HTTP, with ids that make repeating them harmless.

The store remembers ids for days. What is older is looked for in the archive, so that a file that has
grown brings what is new in it, however long ago it was imported.
"""

import hashlib
from collections import Counter
from collections.abc import Callable

import msgspec

from recsvc.clock import now_us
from recsvc.core.access.trust import Trust
from recsvc.core.readers.events import Bringer, Entry, Event, accept
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError
from recsvc.intake.summary import Summary
from recsvc.sources.reading.place import problem
from recsvc.sources.records import Happened
from recsvc.store.items.catalogue import Items
from recsvc.store.log.writing import EventLog

_PER_CALL = 1_000
# Held back until written: the archive is looked through once for so many.
_HELD = 50_000

# Given (user, event id), returns those that are archived.
Archived = Callable[[set[tuple[str, str]]], set[tuple[str, str]]]


class EventIntake:
    """Takes in events for one import."""

    def __init__(
        self,
        log: EventLog,
        items: Items,
        kinds: dict[str, Kind],
        summary: Summary,
        archived: Archived,
        *,
        dry_run: bool,
    ) -> None:
        self._log = log
        self._items = items
        self._archived = archived
        self._kinds = kinds
        self._summary = summary
        self._dry_run = dry_run
        self._waiting: list[Entry] = []
        self._seen: Counter[bytes] = Counter()
        self._of_items: Counter[str] = Counter()

    async def take(self, found: Happened, origin: str, *, is_known: bool) -> None:
        """Take in an event.

        Args:
            is_known: whether its file was imported before, to its end.
        """
        event = found.event
        if event.event_id is None:
            event = msgspec.structs.replace(event, event_id=self._id(event))
        trust = found.trust or Trust.IMPORT
        try:
            entry = accept(event, None, self._kinds, now_us(), Bringer(origin, trust))
        except InvalidError as exc:
            hint = " (--kind THEIRS=OURS)" if exc.field == "kind" else ""
            self._summary.complain(problem(found.place, f"{exc}{hint}"))
            return
        if is_known:
            self._summary.events_known += 1
            return
        self._waiting.append(entry)
        if len(self._waiting) >= _HELD:
            await self.write()

    async def write(self) -> None:
        """Record what is waiting."""
        waiting, self._waiting = self._waiting, []
        old = self._archived({(e.user, e.event_id) for e in waiting if e.event_id is not None})
        fresh = [e for e in waiting if (e.user, e.event_id) not in old]
        self._summary.events_known += len(waiting) - len(fresh)
        for start in range(0, len(fresh), _PER_CALL):
            await self._record(fresh[start : start + _PER_CALL])

    async def finish(self) -> None:
        """Record what is waiting, and count what is about items that nobody has brought."""
        await self.write()
        items = list(self._of_items)
        known = await self._items.known(items)
        self._summary.events_unknown += sum(
            self._of_items[item]
            for item, is_known in zip(items, known, strict=True)
            if not is_known
        )

    async def _record(self, entries: list[Entry]) -> None:
        is_new = [True] * len(entries)
        if not self._dry_run:
            is_new = await self._log.record(entries, [False] * len(entries))
        self._summary.events += sum(is_new)
        self._summary.events_known += len(entries) - sum(is_new)
        self._of_items.update(e.item for e, new in zip(entries, is_new, strict=True) if new)

    def _id(self, event: Event) -> str:
        """Return an id made of what happened: the same row of a file is the same event.

        Rows that say the same are as many events: the second of them has an id of its own.
        """
        said = (event.user, event.item, event.kind, event.at, event.value)
        digest = hashlib.blake2b(msgspec.json.encode(said), digest_size=12)
        self._seen[digest.digest()] += 1
        return f"import-{digest.hexdigest()}-{self._seen[digest.digest()]}"
