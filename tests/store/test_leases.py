"""Leases: one holder at a time, and nobody for longer than anybody asked for."""

from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.leases import Lease
from recsvc.store.pipe import Pipe


async def test_a_dead_holder_is_followed_though_the_clock_was_set_back(redis: Redis):
    pipe = Pipe(redis)
    dead, living = (Lease(pipe, "work", name, 0.5) for name in ("dead", "living"))
    token = await dead.acquire()
    # What an absolute time of expiry becomes when the store's clock goes back by an hour.
    await redis.pexpire(keys.lock("work"), 3_600_000)

    assert await living.acquire() == 0

    assert await redis.pttl(keys.lock("work")) <= 500
    await redis.pexpire(keys.lock("work"), 0)  # that time later
    assert await living.acquire() == token + 1
    assert await dead.acquire() == 0


async def test_a_living_holder_keeps_its_lease_though_the_clock_was_set_back(redis: Redis):
    pipe = Pipe(redis)
    holder, other = (Lease(pipe, "work", name, 60) for name in ("holder", "other"))
    token = await holder.acquire()
    await redis.pexpire(keys.lock("work"), 3_600_000)

    assert await other.acquire() == 0

    assert await holder.acquire() == token
    assert 0 < await redis.pttl(keys.lock("work")) <= 60_000
