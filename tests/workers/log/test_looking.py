"""Looking into the log, in the archive and the streams, page by page."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recsvc.clock import now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.log.questions import Question
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from workers.ingest import Ingest
from workers.log.archive import Archive
from workers.log.archiver import Archiver
from workers.log.looking import look
from workers.log.params import ArchiveParams

pytestmark = pytest.mark.anyio

N = 120


@dataclass
class World:
    archive: Archive
    streams: Streams
    log: EventLog
    ingest: Ingest
    archiver: Archiver

    async def act(self, n: int) -> None:
        now = now_us()
        kind = ["click", "upvote", "read"][n % 3]
        entry = Entry(f"u{n % 7}", f"i{n % 5}", kind, now - n, now, event_id=str(n), value_milli=n)
        await self.log.record([entry], [False])

    async def archived(self) -> None:
        while await self.ingest.run_once(block_ms=1):
            pass
        await self.archiver.run_once(now_us(), force=True)

    async def all(self, per_page: int, longest_s: float = 60, **asked: Any) -> list[str]:
        """Everything a question finds, by event id."""
        found, after = [], None
        while True:
            question = Question(now_us(), per_page, after=after, **asked)
            answer = await look(self.archive, self.streams, question, now_us(), longest_s)
            assert len(answer.entries) <= per_page
            found += [str(entry.event_id) for entry in answer.entries]
            after = answer.follow
            if after is None:
                return found


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    """Events in three files and in the streams."""
    pipe = Pipe(redis)
    streams, boards, archive = (
        Streams(redis, "test"),
        Boards(pipe, TrendingParams()),
        Archive(tmp_path),
    )
    made = World(
        archive,
        streams,
        EventLog(pipe, KINDS, EventLogParams()),
        Ingest(streams, boards, KINDS, 10.0),
        Archiver(archive, streams, boards, ArchiveParams(60.0, 10**9)),
    )
    await made.ingest.start()
    for n in range(N):
        await made.act(n)
        if n in (30, 60, 90):
            await made.archived()
    assert len(archive.files()) == 3
    return made


@pytest.mark.parametrize("longest_s", [60, 0])
@pytest.mark.parametrize("oldest_first", [True, False])
async def test_every_event_is_found_once_in_order(
    world: World, oldest_first: bool, longest_s: float
):
    found = await world.all(17, longest_s, oldest_first=oldest_first)

    assert sorted(found, key=int) == [str(n) for n in range(N)]
    # Within a millisecond shards have no order among each other: the place is the order.
    again = await world.all(1_000, oldest_first=not oldest_first)
    assert found == again[::-1]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"user": "u3"}, lambda n: n % 7 == 3),
        ({"items": ("i2", "i4")}, lambda n: n % 5 in (2, 4)),
        ({"kind": "upvote"}, lambda n: n % 3 == 1),
        ({"user": "u3", "kind": "read"}, lambda n: n % 7 == 3 and n % 3 == 2),
        ({"user": "nobody"}, lambda _: False),
    ],
)
async def test_only_what_is_asked_for_is_found(world: World, asked: dict[str, Any], wanted: Any):
    found = await world.all(5, oldest_first=True, **asked)

    assert sorted(map(int, found)) == [n for n in range(N) if wanted(n)]


async def test_what_happened_in_a_time(world: World):
    whole = (await look(world.archive, world.streams, Question(now_us(), N), now_us())).entries
    times = sorted(entry.at_us for entry in whole)
    since, until = times[20], times[100]

    found = await world.all(9, since_us=since, until_us=until)

    assert set(found) == {e.event_id for e in whole if since <= e.at_us < until}


async def test_pages_go_on_while_the_archiver_moves_what_they_show(world: World):
    chance = random.Random(3)
    found, after = [], None
    while True:
        question = Question(now_us(), 13, after=after, oldest_first=True)
        answer = await look(world.archive, world.streams, question, now_us())
        found += [int(str(entry.event_id)) for entry in answer.entries]
        after = answer.follow
        if after is None:
            break
        if chance.random() < 0.4:
            await world.archived()

    assert sorted(found) == list(range(N))
