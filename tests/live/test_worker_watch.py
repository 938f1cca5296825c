"""The worker, seen from outside, while clocks are set."""

from recsvc.clock import HOUR_US, now_us
from recsvc.live.worker_watch import WorkerWatch
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.heartbeat import is_at_work, is_silent


async def test_a_worker_is_seen_though_the_clock_was_set_back(redis: Redis):
    watch, now = WorkerWatch(redis), now_us()
    await redis.set(keys.WORKER, now + HOUR_US)
    watch.start()
    await watch.look({})
    assert not is_at_work(watch.seen_us, now), "nothing since the clock was set back"

    await redis.set(keys.WORKER, now)
    await watch.look({})

    assert is_at_work(watch.seen_us, now)


async def test_a_worker_that_died_long_ago_does_not_shorten_the_time_for_a_first_sign(redis: Redis):
    watch = WorkerWatch(redis)
    await redis.set(keys.WORKER, now_us() - HOUR_US)
    watch.start()

    await watch.look({})

    assert not is_silent(watch.seen_us, now_us())
