"""The backlog: what the log has that no worker has dealt with."""

import pytest

from recsvc.live.worker_watch import WorkerWatch
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.log.backlog import look
from recsvc.store.log.streams import GROUP, Streams
from recsvc.store.pipe import Pipe
from recsvc.store.troubles import Troubles

KEY = keys.events(3)


async def add(redis: Redis, n: int) -> None:
    for _ in range(n):
        await redis.xadd(KEY, {"e": b""})


async def waiting(redis: Redis) -> int:
    return (await look(redis)).logs[3].waiting


async def test_what_was_not_delivered_or_not_acknowledged_waits(redis: Redis):
    await add(redis, 2)
    assert await waiting(redis) == 2, "nobody was ever at work"
    streams = Streams(redis, "w")
    await streams.create_groups()

    taken = await streams.read(1, 1)
    await add(redis, 1)

    assert await waiting(redis) == 3
    await streams.acknowledge({3: [taken[3][0].entry_id]})
    assert await waiting(redis) == 2


@pytest.mark.parametrize("n_read", [3, 6, 9])
async def test_counts_that_a_mended_log_put_apart_leave_nothing_waiting(redis: Redis, n_read: int):
    """A log that lost an entry still says how many its readers had read, and the other way round."""
    streams = Streams(redis, "w")
    await streams.create_groups()
    await add(redis, 6)
    last = (await redis.xinfo_stream(KEY))["last-generated-id"]

    await redis.xgroup_setid(KEY, GROUP, last, entries_read=n_read)

    assert await waiting(redis) == 0
    await add(redis, 1)
    assert await waiting(redis) >= 0
    (taken,) = (await streams.read(9, 1)).values()
    await streams.acknowledge({3: [logged.entry_id for logged in taken]})
    assert await waiting(redis) == 0


async def test_what_was_archived_is_not_behind_though_nothing_says_that_it_is_on_the_boards(
    redis: Redis,
):
    """As after a rebuild in a shard whose log a damage had cut off from its archive."""
    streams, watch = Streams(redis, "w"), WorkerWatch(redis)
    await streams.create_groups()
    await add(redis, 3)
    (taken,) = (await streams.read(9, 1)).values()
    await streams.acknowledge({3: [logged.entry_id for logged in taken]})
    await watch.look({})
    assert watch.events_behind == 1, "the boards here have not come to it"

    await redis.xtrim(KEY, maxlen=0, approximate=False)

    await watch.look({})
    assert watch.events_behind == 0
    await add(redis, 1)
    await watch.look({})
    assert watch.events_behind == 1


async def test_a_glance_sees_what_was_logged_and_not_what_was_known(redis: Redis):
    await Streams(redis, "w").create_groups()
    await add(redis, 2)
    watch = WorkerWatch(redis)
    await watch.look({})

    assert not await watch.glance()
    await add(redis, 1)
    assert await watch.glance(), "whether or not a worker ever hears of it"
    await watch.look({})
    assert not await watch.glance()


async def test_a_glance_takes_in_how_the_worker_is(redis: Redis):
    watch = WorkerWatch(redis)
    await watch.look({})

    await Troubles(Pipe(redis)).beat(7, tells=False)
    await redis.hset(keys.PROBLEMS, "disk", "full")

    assert not await watch.glance()
    assert watch.seen_us == 7
    assert watch.problems == {"disk": "full"}
