"""A format to import is a module and a line in the list, and nothing else. CONTRIBUTING says how."""

from pathlib import Path

import pytest

from recsvc.core.items.item import NewItem
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Event
from recsvc.core.readers.kinds import KINDS
from recsvc.intake import Intake, IntakeParams
from recsvc.sources import formats
from recsvc.sources.records import Happened, Options, Place, problem
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.log.writing import EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles

pytestmark = pytest.mark.anyio

CARDS = "#cards 1\npaper p1 Opal glass\npaper p2 Kestrels\nlike ann p1\nnonsense\n"


class Cards:
    """Lines of `paper ID TITLE` and `like READER ID`."""

    NAME = "cards"
    TITLES_IDENTIFY = False

    def recognises(self, content, options):
        return content.head.startswith("#cards ")

    def read(self, content, options):
        for n, line in enumerate(content.text().splitlines()[1:], 2):
            what, *rest = line.split(" ", 2)
            place = Place(content.file, n, n - 1)
            if what == "paper":
                yield NewItem(id=rest[0], title=rest[1])
            elif what == "like":
                yield Happened(place, Event(user=rest[0], item=rest[1], kind="upvote"))
            else:
                yield problem(place, "neither paper nor like")


async def test_a_file_of_a_new_format_is_recognised_and_brought_in(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(formats, "SOURCES", [Cards(), *formats.SOURCES])
    (tmp_path / "mine.txt").write_text(CARDS)
    pipe = Pipe(redis)
    intake = Intake(pipe, IntakeParams(KINDS, EventLogParams(), TrendingParams()))
    await intake.load()

    for source, content in formats.recognised(tmp_path / "mine.txt", Options()):
        for record in source.read(content, Options()):
            await intake.take(record, source)
    summary = await intake.finish()

    items = await Items(pipe, TrendingParams()).get(["p1", "p2"])
    assert [(i.title, i.origin) for i in items if i] == [
        ("Opal glass", "cards"),
        ("Kestrels", "cards"),
    ]
    profile, _ = await Profiles(pipe).read("ann")
    assert [i.item for i in profile.interactions if i.states.get("upvote", 0) > 0] == ["p1"]
    assert [(p.line, p.detail) for p in summary.problems] == [(5, "neither paper nor like")]
