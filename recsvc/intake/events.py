"""Taking in events: checked as if they came over HTTP, with ids that make repeating them harmless."""

import hashlib
from collections import Counter

import msgspec

from recsvc.clock import now_us
from recsvc.core.readers.events import Entry, Event, accept
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError
from recsvc.intake.summary import Summary
from recsvc.sources.reading.place import problem
from recsvc.sources.records import Happened
from recsvc.store.log.writing import EventLog

_PER_CALL = 1_000


class EventIntake:
    """Takes in events for one import."""

    def __init__(
        self, log: EventLog, kinds: dict[str, Kind], summary: Summary, dry_run: bool
    ) -> None:
        self._log = log
        self._kinds = kinds
        self._summary = summary
        self._dry_run = dry_run
        self._waiting: list[Entry] = []
        self._seen: Counter[bytes] = Counter()

    async def take(self, found: Happened, origin: str, *, is_known: bool) -> None:
        """Take in an event.

        Args:
            is_known: whether its file was imported before, to its end.
        """
        event = found.event
        if event.event_id is None:
            event = msgspec.structs.replace(event, event_id=self._id(event))
        try:
            entry = accept(event, None, self._kinds, now_us(), origin)
        except InvalidError as exc:
            hint = " (--kind THEIRS=OURS)" if exc.field == "kind" else ""
            self._summary.complain(problem(found.place, f"{exc}{hint}"))
            return
        if is_known:
            self._summary.events_known += 1
            return
        self._waiting.append(entry)
        if len(self._waiting) >= _PER_CALL:
            await self.write()

    async def write(self) -> None:
        """Record what is waiting."""
        waiting, self._waiting = self._waiting, []
        if self._dry_run:
            self._summary.events += len(waiting)
            return
        fresh = await self._log.record(waiting, [False] * len(waiting))
        self._summary.events += sum(fresh)
        self._summary.events_known += len(fresh) - sum(fresh)

    def _id(self, event: Event) -> str:
        """Return an id made of what happened: the same row of a file is the same event.

        Rows that say the same are as many events: the second of them has an id of its own.
        """
        said = (event.user, event.item, event.kind, event.at, event.value)
        digest = hashlib.blake2b(msgspec.json.encode(said), digest_size=12)
        self._seen[digest.digest()] += 1
        return f"import-{digest.hexdigest()}-{self._seen[digest.digest()]}"
