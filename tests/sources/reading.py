"""Reading a text as `recsvc import` would, without a store."""

from pathlib import Path

import pytest

from recsvc.core.items.item import NewItem
from recsvc.sources.formats import recognised, source_of
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Happened, LibraryEntry, Note, Options, Record
from tests.service import REPOSITORY

FORMATS = REPOSITORY.parent / "shared" / "data" / "formats"


class Read:
    """What came out of a file."""

    def __init__(self, name: str, records: list[Record]) -> None:
        self.name = name
        self.items = [r for r in records if isinstance(r, NewItem)]
        self.entries = [r for r in records if isinstance(r, LibraryEntry)]
        self.happened = [r for r in records if isinstance(r, Happened)]
        self.events = [happened.event for happened in self.happened]
        self.problems = [r for r in records if isinstance(r, Problem)]
        self.notes = [r.detail for r in records if isinstance(r, Note)]

    def item(self, item_id: str) -> NewItem:
        return next(i for i in self.items if i.id == item_id)


def read_text(text: str, **options: object) -> Read:
    how = Options(**options)
    content = Content("file", text=text)
    source = source_of(content, how)
    return Read(source.NAME, list(source.read(content, how)))


def read_file(path: Path, **options: object) -> Read:
    how = Options(**options)
    found = recognised(path, how)
    records = [record for source, content in found for record in source.read(content, how)]
    return Read(found[0][0].NAME, records)


def real(name: str) -> Path:
    """A real record file; the test is skipped where there is none."""
    found = sorted(FORMATS.glob(name))
    if not found:
        pytest.skip(f"no real records at {FORMATS / name}")
    return found[0]
