"""Lists that wait go with their reader, and are counted in what the store's memory goes to."""

import pytest

from recsvc.clock import now_us
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import Redis
from recsvc.store.memory import GROWS_WITH, family_of
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.frozen_lists import FrozenLists, FrozenParams

pytestmark = pytest.mark.anyio


async def test_lists_go_with_their_reader_and_only_theirs(redis: Redis):
    pipe = Pipe(redis)
    lists = FrozenLists(pipe, await signatures(pipe), FrozenParams())
    anns, bens, everybodys = [await lists.freeze(user, b"rows") for user in ("ann", "ben", None)]

    await Erasures(pipe).request("ann", now_us())

    assert [await lists.thaw(place) for place in (anns, bens, everybodys)] == [
        None,
        b"rows",
        b"rows",
    ]


@pytest.mark.one_server
async def test_what_waits_is_of_one_known_family(redis: Redis):
    pipe = Pipe(redis)
    lists = FrozenLists(pipe, await signatures(pipe), FrozenParams())
    for user in ("ann", None):
        await lists.freeze(user, b"rows")

    keys = [key.decode() for key in await redis.keys("*:lists*")]

    assert {family_of(key) for key in keys} == {"lists"} <= set(GROWS_WITH)
    assert [await redis.ttl(key) > 0 for key in keys] == [True, True]
