from recsvc.clock import DAY_S
from recsvc.core.access.networks import prefix
from recsvc.store import keys
from recsvc.store.access.network_names import NetworkNames
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe


async def test_a_network_has_a_name_that_says_nothing_of_it_and_another_next_month(redis: Redis):
    here, there = prefix("203.0.113.9"), prefix("203.0.114.9")
    one, other = NetworkNames(Pipe(redis)), NetworkNames(Pipe(redis))

    named = await one.name(here)

    assert named == await other.name(prefix("203.0.113.200")), "alike in every process"
    assert named != await one.name(there)
    assert await one.name(prefix("2001:db8:7:1::1")) == await one.name(prefix("2001:db8:7:2::9"))
    assert 0 < await redis.ttl(keys.NETWORKS) <= 30 * DAY_S
    assert b"203" not in await redis.get(keys.NETWORKS)

    await redis.delete(keys.NETWORKS)  # as it ends by itself

    assert await NetworkNames(Pipe(redis)).name(here) != named
