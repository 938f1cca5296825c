"""Exports are written one at a time: nobody may make everybody else wait."""

import pytest

from recsvc.clock import now_us
from recsvc.errors import LimitedError
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe
from recsvc.store.readers.exports import Exports


async def test_one_network_of_strangers_has_one_export_at_a_time_and_readers_go_first(redis: Redis):
    exports, now = Exports(Pipe(redis)), now_us()
    first = await exports.request("anon:a", now, "network")

    with pytest.raises(LimitedError):
        await exports.request("anon:b", now, "network")
    await exports.request("anon:c", now, "elsewhere")
    await exports.request("ann", now + 1)
    with pytest.raises(LimitedError):
        await exports.request("ann", now + 1)

    assert [e.user for e in (await exports.pending(now)).values()] == ["ann", "anon:a", "anon:c"]
    await exports.forget(first)
    await exports.request("anon:b", now, "network")


async def test_so_many_wait_and_no_more(redis: Redis):
    exports, now = Exports(Pipe(redis)), now_us()
    for n in range(50):
        await exports.request(f"reader {n}", now)

    with pytest.raises(LimitedError) as refused:
        await exports.request("one more", now)

    assert refused.value.retry_after_s == 10
