"""What an import did, or would do."""

from collections import Counter

import msgspec

from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Note

_PROBLEMS_KEPT = 1_000


class Summary(msgspec.Struct):
    """What an import did, or would do.

    Attributes:
        read: records of items.
        new, changed, unchanged: what became of the items they speak of.
        duplicates: records of an item that was read before in the same import.
        events, events_known: events recorded, and those that were recorded before.
        events_unknown: of those recorded, how many are about items that are not in the catalogue.
        saved, saved_before: entries of a library that are in the reader's profile since now, or were.
        not_in_catalogue: entries of a library that no item matches.
        problems: what was not understood, the first thousand.
        clipped: per field, of how many papers not all of it fitted; what fitted came in.
        n_problems: how much was not understood.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicates: int = 0
    events: int = 0
    events_known: int = 0
    events_unknown: int = 0
    saved: int = 0
    saved_before: int = 0
    not_in_catalogue: list[str] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)
    n_problems: int = 0
    clipped: Counter[str] = msgspec.field(default_factory=Counter)
    notes: list[Note] = msgspec.field(default_factory=list)

    def complain(self, found: Problem) -> None:
        """Count what was not understood."""
        self.n_problems += 1
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(found)
