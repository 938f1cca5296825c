"""Exactly once, whoever dies in between."""

import msgspec
import pytest

from recsvc.clock import now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import GROUP, Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from workers.ingest import Ingest

USER = "ann"
SHARD = keys.shard_of(USER)


def clicks(n: int, start: int = 0) -> list[Entry]:
    return [
        Entry(USER, "x", "click", now_us(), now_us(), event_id=str(start + i)) for i in range(n)
    ]


class Site:
    """A log and the workers that consume it."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.pipe = Pipe(redis)
        self.log = EventLog(self.pipe, KINDS, EventLogParams())
        self.boards = Boards(self.pipe, TrendingParams())

    def worker(self, name: str, reclaim_after_s: float = 0.0) -> Ingest:
        return Ingest(Streams(self.redis, name), self.boards, KINDS, reclaim_after_s)

    async def send(self, n: int, start: int = 0) -> None:
        await self.log.record(clicks(n, start), [False] * n)

    async def counted(self) -> int:
        rows = await self.boards.all()
        return rows["x"].counts.get("click", 0) if "x" in rows else 0


@pytest.fixture
async def site(redis: Redis) -> Site:
    return Site(redis)


async def drain(worker: Ingest) -> None:
    while await worker.run_once(block_ms=1):
        pass


async def test_a_batch_that_was_applied_but_not_acknowledged_is_not_applied_again(site):
    first = site.worker("w1")
    await first.start()
    await site.send(5)
    taken = await Streams(site.redis, "w1").read(10, 1)
    batch = await first._batch(SHARD, taken[SHARD], "")
    assert await site.boards.apply([batch], now_us()) == [1]  # … and dies here

    again = site.worker("w1")
    await again.start()

    assert await site.counted() == 5
    assert (await site.redis.xpending(keys.events(SHARD), GROUP))["pending"] == 0


async def test_another_worker_takes_over_what_a_dead_one_left(site):
    dead, heir = site.worker("dead"), site.worker("heir")
    await dead.start()
    await site.send(5)
    assert await Streams(site.redis, "dead").read(10, 1)  # taken, never applied

    await heir.start()
    await site.send(5, start=5)
    await heir.run_once(block_ms=1)
    assert await site.counted() == 0, "later entries wait for the earlier ones"

    await heir.reclaim()
    await drain(heir)

    assert await site.counted() == 10


async def test_what_was_applied_is_not_applied_again_together_with_what_came_after(site):
    dead, heir = site.worker("dead"), site.worker("heir")
    await dead.start()
    await site.send(5)
    taken = await Streams(site.redis, "dead").read(10, 1)
    batch = await dead._batch(SHARD, taken[SHARD], "")
    assert await site.boards.apply([batch], now_us()) == [1]  # … and dies here
    await site.send(5, start=5)
    assert await Streams(site.redis, "dead").read(10, 1)  # another dead one, to be taken over too

    await heir.start()
    await heir.reclaim()

    assert await site.counted() == 10
    assert (await site.redis.xpending(keys.events(SHARD), GROUP))["pending"] == 0


async def test_a_worker_that_wakes_up_late_changes_nothing(site):
    sleeper, other = site.worker("sleeper"), site.worker("other")
    await sleeper.start()
    await site.send(5)
    taken = await Streams(site.redis, "sleeper").read(10, 1)
    batch = await sleeper._batch(SHARD, taken[SHARD], "")
    await other.start()
    await other.reclaim()
    assert await site.counted() == 5

    assert await site.boards.apply([batch], now_us()) == [0]
    assert await site.counted() == 5


async def test_what_cannot_be_decoded_is_kept_for_a_human_and_stops_nothing(site):
    worker = site.worker("w")
    await worker.start()
    await site.redis.xadd(keys.events(SHARD), {"e": b"\xc1 not msgpack"})
    await site.redis.xadd(keys.events(SHARD), {"other": b"field"})
    sound = msgspec.msgpack.encode(Entry("u", "item", "click", 1, 1))
    await site.redis.xadd(keys.events(SHARD), {"e": sound.replace(b"item", b"\xff\x80\xfe\xc3")})
    await site.send(3)

    await drain(worker)

    assert await site.counted() == 3
    buried = await site.redis.xrange(keys.dead(SHARD))
    assert len(buried) == 3
    assert b"DecodeError" in buried[0][1][b"reason"]


async def test_two_workers_together_count_everything_once(site):
    one, two = site.worker("one"), site.worker("two")
    await one.start()
    await two.start()
    for start in range(0, 60, 6):
        await site.send(6, start=start)
        await one.run_once(block_ms=1)
        await site.send(0)
        await two.run_once(block_ms=1)
    await drain(one)
    await drain(two)

    assert await site.counted() == 60


async def test_an_entry_erased_while_pending_is_passed_over(site):
    worker = site.worker("w")
    await worker.start()
    await site.send(3)
    taken = await Streams(site.redis, "w").read(10, 1)
    await site.redis.xdel(keys.events(SHARD), taken[SHARD][1].entry_id)

    await worker.catch_up()

    assert await site.counted() == 2
    assert (await site.redis.xpending(keys.events(SHARD), GROUP))["pending"] == 0


async def test_a_kind_of_a_newer_version_still_counts(site):
    worker = Ingest(Streams(site.redis, "old"), site.boards, {"click": KINDS["click"]}, 1)
    await worker.start()
    newer = Entry(USER, "x", "share", now_us(), now_us(), event_id="s")
    await site.log.record([newer], [False])

    await drain(worker)

    assert (await site.boards.all())["x"].counts == {"share": 1}
