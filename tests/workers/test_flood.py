"""A flood of strangers: what they leave has a size and a life, however many they are."""

import asyncio

import pytest

from recsvc.clock import DAY_US, now_us
from recsvc.core.access.budget import MAX_PREFERENCES, BudgetParams
from recsvc.core.access.trust import Trust
from recsvc.core.items.item import NewItem, completed
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import Profile
from recsvc.errors import TooLargeError
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.memory import Held, measure
from recsvc.store.pipe import Pipe
from recsvc.store.readers.preferences import ReaderPreferences
from recsvc.store.readers.profiles import ALL, Profiles
from workers.ingest import Ingest

# An hour of strangers and the budget that meets it, both some thousandth of what they are by default.
BUDGET = BudgetParams(readers=512, items=10, event_ids=640)
MOST_UNKNOWN = 100
N_ROUND = 600
# Strangers are spread over shards by chance.
SLACK = 1.02


class Site:
    def __init__(self, redis: Redis) -> None:
        pipe = Pipe(redis)
        self.redis, self.items, self.profiles = redis, Items(pipe), Profiles(pipe)
        self.log = EventLog(pipe, KINDS, EventLogParams(budget=BUDGET))
        self.preferences = ReaderPreferences(pipe, BUDGET)
        self.boards = Boards(pipe, TrendingParams(), MOST_UNKNOWN)
        self.ingest = Ingest(Streams(redis, "test"), self.boards, KINDS, 10.0)

    async def act(self, *acts: tuple[str, str, str], trust: Trust = Trust.SESSION) -> None:
        """Record (user, kind, item) and bring them onto the boards."""
        now = now_us()
        entries = [
            Entry(user, item, kind, now + n, now + n, f"{n}-{item}-{user}" * 3, trust=trust.value)
            for n, (user, kind, item) in enumerate(acts)
        ]
        await self.log.record(entries, [False] * len(entries))
        while await self.ingest.run_once(1):
            pass

    async def flood(self, n: int) -> Held:
        """Let strangers who were never seen before do what they can, and weigh what is kept."""
        kinds = ["upvote", "click", "impression", "hide"]
        await self.act(
            *((f"anon:{n}-{i // 3}", kinds[i % 4], f"made-up-{n}-{i}") for i in range(N_ROUND))
        )
        await asyncio.gather(*(self.follow(f"anon:follows-{n}-{i}") for i in range(N_ROUND // 10)))
        for shard in range(keys.N_SHARDS):
            await self.redis.xtrim(keys.events(shard), 0)  # as the archiver does
        return await measure(self.redis)

    async def follow(self, user: str) -> None:
        await self.preferences.change(user, {"words": {"x" * 200: "mute"}})
        await self.preferences.make_address(user, now_us())

    async def put(self, item: str) -> None:
        new = NewItem(id=item, title=item)
        await self.items.change({item: lambda _: completed(new, None, now_us())})

    async def profile(self, user: str) -> Profile:
        return (await self.profiles.read(user, n_shown=ALL))[0]


@pytest.fixture
async def site(redis: Redis) -> Site:
    made = Site(redis)
    await made.ingest.start()
    return made


async def test_a_flood_of_strangers_grows_the_store_up_to_a_bound(site: Site):
    await site.act(("ann", "upvote", "to-come"), trust=Trust.SECRET)
    await site.flood(0)
    full = await site.flood(1)

    later = await site.flood(2)

    print(*(f"{f.name} {f.n_keys} keys {f.size_bytes} bytes" for f in later.families), sep="\n")
    print(f"{full.size_bytes:,} bytes after two rounds, {later.size_bytes:,} after three")
    assert later.size_bytes < 1.1 * full.size_bytes
    n_keys = {family.name: family.n_keys for family in later.families}
    assert n_keys["profile"] + n_keys["prefs"] <= SLACK * BUDGET.readers + 1
    assert len(await site.boards.items()) == MOST_UNKNOWN + 1
    assert (await site.profile("ann")).interactions, "readers lose nothing to strangers"


async def test_of_one_stranger_so_much_is_kept_and_the_latest(site: Site):
    acts = [("anon:busy", "upvote", f"i{n}") for n in range(40)]
    seen = [("anon:busy", "impression", f"i{n}") for n in range(40)]

    await site.act(*acts, *seen)

    kept = await site.profile("anon:busy")
    assert len(kept.interactions) <= 1.1 * BUDGET.items + 2
    assert "i39" in {i.item for i in kept.interactions}
    assert len(kept.shown) == BUDGET.items
    names = {f"word {n}": "mute" for n in range(MAX_PREFERENCES)}
    await site.preferences.change("anon:busy", {"words": names})
    with pytest.raises(TooLargeError):
        await site.preferences.change("anon:busy", {"words": {"one more": "mute"}})


async def test_what_strangers_follow_and_their_address_end_unless_used(site: Site):
    shard = keys.shard_of("anon:follows")
    key = keys.preferences(shard, "anon:follows")
    await site.redis.hset(key, "t:nlp", "follow")  # as the former release left it

    assert await site.preferences.bound_former() == 1

    month_s = BUDGET.preference_days * 86_400
    assert month_s - 60 < await site.redis.ttl(key) <= month_s
    assert await site.redis.zscore(keys.strangers(shard), "anon:follows")
    await site.preferences.make_address("anon:follows", now_us())
    await site.redis.expire(key, 10)
    await site.preferences.address("anon:follows")
    assert await site.redis.ttl(key) > month_s - 60
    await site.preferences.change("ann", {"topics": {"nlp": "follow"}})
    assert await site.redis.ttl(keys.preferences(keys.shard_of("ann"), "ann")) == -1


async def test_what_strangers_say_of_items_that_never_come_is_forgotten_after_a_week(site: Site):
    now = now_us()
    await site.put("here")
    await site.act(*(("anon:a", "click", item) for item in ("here", "comes", "never", "vouched")))
    await site.act(("ann", "click", "vouched"), trust=Trust.SECRET)
    await site.put("comes")

    assert await site.boards.forget_unknown(now + 6 * DAY_US) == 0
    assert await site.boards.forget_unknown(now + 8 * DAY_US) == 1

    assert sorted(await site.boards.items()) == ["comes", "here", "vouched"]
    assert await site.redis.zcard(keys.UNKNOWN) == 0


async def test_a_strangers_repeated_event_is_one_event(site: Site):
    again = Entry("anon:a", "x", "click", now_us(), now_us(), "the same")

    assert await site.log.record([again, again], [False, False]) == [True, False]
