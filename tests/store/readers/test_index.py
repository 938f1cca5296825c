"""The index of readers: whoever there is, and nobody else, in the order of ids."""

import random

import pytest

from recsvc.clock import DAY_S, SECOND_US, now_us
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.gorse import Gorse
from recsvc.store.readers.index import ReaderIndex

pytestmark = pytest.mark.anyio

DAYS = 400.0
ODD = ["é", "\U0001f600", "a b", "(", "[x", "+", "-", "anonymous", "0", "zz{7}:profile:x"]


async def act(redis: Redis, user: str, kind: str = "click", item: str = "a", at: int = 0) -> None:
    now = at or now_us()
    await EventLog(Pipe(redis), KINDS, EventLogParams()).record(
        [Entry(user, item, kind, now, now)], [False]
    )


async def listed(index: ReaderIndex, per_page: int) -> list[str]:
    """Everybody, page by page."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page, after = await index.page(after, per_page)
        found += [one.user for one in page]
    return found


async def many(redis: Redis, n: int) -> list[str]:
    """Make readers of all sorts; return those who count."""
    chance = random.Random(n)
    users = [f"reader-{chance.randrange(10**9)}" for _ in range(n)] + ODD
    entries = []
    for place, user in enumerate([*users, *(f"anon:{n}" for n in range(20))]):
        kind = "impression" if place % 3 == 0 else "click"
        entries.append(Entry(user, "a", kind, now_us(), now_us()))
    await EventLog(Pipe(redis), KINDS, EventLogParams()).record(entries, [False] * len(entries))
    return sorted(set(users), key=str.encode)


@pytest.mark.parametrize("per_page", [1, 7, 100, 1_000])
async def test_every_reader_is_listed_once_in_the_order_of_ids(redis: Redis, per_page: int):
    readers = await many(redis, 60 if per_page == 1 else 700)

    assert await listed(ReaderIndex(Pipe(redis), DAYS), per_page) == readers


async def test_pages_do_not_repeat_or_skip_while_readers_act(redis: Redis):
    readers = await many(redis, 300)
    index = ReaderIndex(Pipe(redis), DAYS)
    found, after, chance = [], "", random.Random(1)
    while after is not None:
        page, after = await index.page(after, 20)
        found += [one.user for one in page]
        for user in chance.sample(readers, 10):
            await act(redis, user)

    assert found == readers


async def test_it_says_since_when_and_how_much(redis: Redis):
    first, last = now_us() - 50 * SECOND_US, now_us()
    await act(redis, "ann", "upvote", "a", first)
    await act(redis, "ann", "click", "b", last - 1)
    await act(redis, "ann", "impression", "c", last)
    await act(redis, "ben", "impression", "a", last)

    ann, ben = await ReaderIndex(Pipe(redis), DAYS).known(["ann", "ben"])

    assert (ann.first_us, ann.last_us, ann.items, ann.shown) == (first, last, 2, 1)
    assert (ben.first_us, ben.last_us, ben.items, ben.shown) == (None, last, 0, 1)


async def test_who_is_erased_is_gone_at_once_and_comes_back_by_acting(redis: Redis):
    index = ReaderIndex(Pipe(redis), DAYS)
    await act(redis, "ann")
    await act(redis, "ben")

    await Erasures(Pipe(redis)).request("ann", now_us())
    after = await listed(index, 10)
    await act(redis, "ann")

    assert after == ["ben"]
    assert await listed(index, 10) == ["ann", "ben"]


async def test_who_has_lapsed_is_passed_over_and_then_swept_out(redis: Redis):
    index = ReaderIndex(Pipe(redis), DAYS)
    long_ago = now_us() - round((DAYS + 1) * DAY_S * SECOND_US)
    await act(redis, "ann", at=long_ago)
    await act(redis, "ben", at=long_ago)
    shard = keys.shard_of("ann")
    await redis.delete(keys.profile(shard, "ann"))  # as its time to live ran out

    before = await listed(index, 10)
    n = await index.sweep(now_us())

    assert before == ["ben"]
    assert n == 1
    assert await redis.zscore(keys.readers(shard), "ann") is None
    assert await redis.zscore(keys.names(shard), "ann") is None
    assert await listed(index, 10) == ["ben"], "whose profile is there, whatever the clocks say"
    assert await index.sweep(now_us()) == 0


async def test_a_store_of_a_former_release_is_indexed_once(redis: Redis):
    readers = await many(redis, 300)
    index = ReaderIndex(Pipe(redis), DAYS)
    lasts = {one.user: one.last_us for one in await index.known(readers)}
    for shard in range(keys.N_SHARDS):
        await redis.delete(keys.readers(shard), keys.names(shard))

    first, again = await index.build(now_us()), await index.build(now_us())

    assert (first, again) == (True, False)
    assert await listed(index, 100) == readers
    for one in await index.known(readers):
        assert abs(one.last_us - lasts[one.user]) < 30 * SECOND_US


async def test_gorse_lists_the_same_readers_and_its_own(redis: Redis):
    readers = await many(redis, 200)
    gorse = Gorse(Pipe(redis), DAYS)
    own = [f"gorse-{n}" for n in range(50)]
    await gorse.put_users({user: {"comment": user} for user in own})
    found, after = [], ""
    while page := await gorse.users(after, 30):
        found += [user for user, _ in page]
        after = page[-1][0]

    assert found == sorted([*readers, *own], key=str.encode)
