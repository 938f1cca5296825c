"""Intake: what sources yield becomes items of the catalogue, events, and saves in readers' libraries."""

import msgspec

from recsvc.core.items.aliases import Aliases
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.kinds import Kind
from recsvc.intake.events import Archived, EventIntake
from recsvc.intake.items import ItemIntake
from recsvc.intake.library import LibraryIntake
from recsvc.intake.summary import Summary
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Happened, LibraryEntry, Note, Record, Source
from recsvc.store.items.catalogue import Items
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles


def _nothing(_: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return set()


class IntakeParams(msgspec.Struct, frozen=True):
    """How records are taken in.

    Attributes:
        kinds: of events that are taken.
        dry_run: say what would happen and write nothing.
        reader: whose library it is.
        add_items: whether papers of a library that are not in the catalogue become items.
        archived: returns which events the archive holds.
        gone: of a dry run, the origin of the items that would be deleted before; empty: none would.
    """

    kinds: dict[str, Kind]
    log: EventLogParams
    trending: TrendingParams
    dry_run: bool = False
    reader: str | None = None
    add_items: bool = False
    archived: Archived = _nothing
    gone: str = ""


class Intake:
    """Takes in records for one import.

    Attributes:
        summary: what happened so far.
    """

    def __init__(self, pipe: Pipe, params: IntakeParams) -> None:
        aliases = Aliases()
        log = EventLog(pipe, params.kinds, params.log, lambda: aliases)
        self.summary = Summary()
        items = Items(pipe, params.trending)
        self.items = ItemIntake(items, aliases, self.summary, params.dry_run, params.gone)
        self._events = EventIntake(
            log, items, params.kinds, self.summary, params.archived, dry_run=params.dry_run
        )
        self._library = LibraryIntake(
            self.items,
            log,
            Profiles(pipe, lambda: aliases),
            self.summary,
            reader=params.reader,
            add_items=params.add_items,
            dry_run=params.dry_run,
        )

    async def load(self) -> None:
        """Read what there is; to be called once, before anything is taken in."""
        await self.items.load()

    async def take(self, record: Record, source: Source, *, known_events: bool = False) -> None:
        """Take in one record.

        Args:
            source: the format it was read in.
            known_events: whether its file was imported before, to its end.
        """
        if isinstance(record, Problem):
            self.summary.complain(record)
        elif isinstance(record, Note):
            self.summary.notes.append(record)
        elif isinstance(record, LibraryEntry):
            self._library.take(record, source.NAME)
        elif isinstance(record, Happened):
            await self._events.take(record, source.NAME, is_known=known_events)
        else:
            await self.items.take(record, source.NAME, by_title=source.TITLES_IDENTIFY)

    async def write(self) -> None:
        """Write what is held back of what was read so far."""
        await self.items.write()
        await self._events.write()

    async def finish(self) -> Summary:
        """Write everything, and return what happened."""
        await self.write()
        await self._library.finish()
        await self._events.finish()
        return self.summary
