"""Items that turn out to be one: their votes, counters and readers' events become one too."""

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsvc.core.items.aliases import Aliases
from recsvc.core.items.item import NewItem, StoredItem, completed
from recsvc.core.items.trending import BoardRow, TrendingParams, log_score
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS, UPVOTE
from recsvc.core.readers.profile import profile_of, resolved
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles
from workers.ingest import Ingest

NOW = 1_763_650_000_000_000
TRENDING = TrendingParams(half_life_hours=12)


class Store:
    """A store with a worker at hand."""

    def __init__(self, redis: Redis) -> None:
        pipe = Pipe(redis)
        self.redis = redis
        self.items = Items(pipe, TRENDING)
        self.boards = Boards(pipe, TRENDING)
        self.profiles = Profiles(pipe)
        self.aliases = Aliases()
        self.log = EventLog(pipe, KINDS, EventLogParams(), lambda: self.aliases)
        self.streams = Streams(redis, "test")
        self.ingest = Ingest(self.streams, self.boards, KINDS, 10)

    async def put(self, item: str, *aliases: str, **fields: object) -> StoredItem:
        new = NewItem(id=item, title=item, aliases=list(aliases), **fields)
        done = await self.items.change({item: lambda old: completed(new, old, NOW)})
        assert done[0][0] is not None
        self.aliases.put(done[0][0].id, done[0][0].aliases)
        return done[0][0]

    async def act(self, user: str, kind: str, item: str, at: int) -> None:
        entry = Entry(user=user, item=item, kind=kind, at_us=NOW + at, received_us=NOW)
        await self.log.record([entry], [False])

    async def work(self) -> dict[str, BoardRow]:
        logged = sum((await self.streams.lengths()).values())
        while self.ingest.n_applied < logged:
            await self.ingest.run_once()
        return await self.boards.all()

    async def votes(self, item: str) -> dict[str, int]:
        found = await self.redis.hgetall(f"rs:{{site}}:votes:{item}")
        return {user.decode(): int(at) - NOW for user, at in found.items()}


@pytest.fixture
async def store(redis: Redis) -> Store:
    made = Store(redis)
    await made.ingest.start()
    return made


async def test_an_item_that_gains_another_ones_id_absorbs_it(store: Store):
    await store.put("pointer-networks", text="Abstract", upvotes=7)
    await store.put("1506.03134", "10.1/x")

    whole = await store.put("pointer-networks", "1506.03134")

    assert set(whole.aliases) == {"1506.03134", "10.1/x"}
    assert await store.items.count() == 1
    assert await store.items.aliases() == dict.fromkeys(whole.aliases, "pointer-networks")
    assert await store.items.resolve(["10.1/x", "unknown"]) == ["pointer-networks", "unknown"]
    assert await store.items.known(["1506.03134", "unknown"]) == [True, False]


async def test_votes_move_along_and_count_once_per_reader(store: Store):
    await store.put("a")
    await store.put("b")
    for user, item, at in [("x", "a", 1), ("y", "a", 2), ("y", "b", 3), ("z", "b", 4)]:
        await store.act(user, "upvote", item, at)
    await store.work()

    await store.put("a", "b")
    boards = await store.boards.all()

    assert set(boards) == {"a"}
    assert await store.votes("a") == {"x": 1, "y": 3, "z": 4}
    assert await store.votes("b") == {}
    row = boards["a"]
    assert (row.votes, row.last_vote_us) == (3, NOW + 4)
    for score, half_life in zip(row.scores, TRENDING.half_lives_us(), strict=True):
        assert score == pytest.approx(log_score([NOW + 1, NOW + 3, NOW + 4], half_life), abs=1e-9)


async def test_a_vote_under_one_name_taken_back_under_another_is_no_vote(store: Store):
    await store.put("a")
    await store.put("b")
    await store.act("x", "upvote", "a", 1)
    await store.act("x", "unvote", "b", 2)
    await store.work()

    await store.put("a", "b")

    assert await store.votes("a") == {}
    assert await store.boards.all() == {}


async def test_events_that_came_before_the_name_was_known_count(store: Store):
    await store.put("a")
    await store.act("x", "upvote", "10.1/x", 1)
    await store.act("x", "click", "10.1/x", 2)
    await store.work()

    await store.put("a", "10.1/x")

    row = (await store.boards.all())["a"]
    assert (row.votes, row.counts["click"]) == (1, 1)


async def test_events_on_their_way_reach_the_item_that_remains(store: Store):
    await store.put("a")
    await store.put("b")
    await store.act("x", "upvote", "b", 1)  # logged, not yet on the boards

    await store.put("a", "b")
    boards = await store.work()

    assert set(boards) == {"a"}
    assert await store.votes("a") == {"x": 1}


async def test_an_event_by_an_alias_is_logged_under_the_id(store: Store):
    await store.put("a", "10.1/x")

    await store.act("x", "upvote", "10.1/x", 1)
    boards = await store.work()

    assert boards["a"].votes == 1
    profile, _ = await store.profiles.read("x")
    assert [i.item for i in profile.interactions] == ["a"]


async def test_taking_back_a_vote_given_under_the_former_id_leaves_none(store: Store):
    await store.put("a")
    await store.put("b")
    await store.act("x", "upvote", "b", 1)
    await store.work()
    await store.put("a", "b")

    await store.act("x", "unvote", "a", 2)
    boards = await store.work()

    assert boards == {}
    profile, _ = await store.profiles.read("x")
    assert [i.item for i in profile.interactions] == ["a"], "moved when written"


async def test_an_alias_goes_with_its_item_and_with_a_patch_only(store: Store):
    await store.put("a", "10.1/x")
    assert (await store.put("a")).aliases == ("10.1/x",), "a replacement keeps it"

    def without(old: StoredItem | None) -> StoredItem:
        assert old is not None
        return msgspec.structs.replace(old, aliases=())

    await store.items.change({"10.1/x": without})
    assert await store.items.aliases() == {}

    await store.put("a", "10.1/x")
    await store.items.change({"a": lambda _: None})
    assert await store.items.aliases() == {}


async def test_writing_by_an_alias_writes_the_item(store: Store):
    await store.put("a", "10.1/x")

    await store.put("10.1/x", text="New")
    (item,) = await store.items.get(["a"])

    assert item is not None
    assert (item.id, item.text) == ("a", "New")
    assert await store.items.count() == 1


async def test_two_items_of_one_call_that_name_the_same_alias_are_one(store: Store):
    new = [NewItem(id=i, title=i, aliases=("10.1/x",)) for i in ("a", "b")]

    await store.items.change({n.id: lambda old, n=n: completed(n, old, NOW) for n in new})

    assert await store.items.count() == 1
    (item,) = await store.items.get(["b"])
    assert item is not None
    assert item.aliases == ("10.1/x", "a")


async def test_an_absorbed_id_can_be_given_away_again(store: Store):
    await store.put("a", "b")
    await store.put("c", "b")

    assert (await store.items.aliases())["b"] == "c"
    assert await store.items.count() == 1


async def test_two_writers_at_once_leave_one_item(store: Store):
    await store.put("a")
    await store.put("b")

    await asyncio.gather(store.put("a", "c"), store.put("b", "c"), store.put("c", "b"))

    assert await store.items.count() == 1
    owners = set((await store.items.aliases()).values())
    assert len(owners) == 1
    assert set(await store.items.aliases()) | owners == {"a", "b", "c"}


events = st.lists(
    st.tuples(
        st.sampled_from(["x", "y"]),
        st.sampled_from(["upvote", "unvote", "save", "hide", "unhide", "click"]),
        st.sampled_from(["a", "b", "10.1/x"]),
        st.integers(1, 9),
    ),
    max_size=12,
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=events, under_way=events, name=st.sampled_from(["a", "b", "10.1/x"]), after=events)
async def test_merging_at_any_moment_leaves_what_one_item_would_have(
    redis: Redis, before: list, under_way: list, name: str, after: list
):
    # Who is in the middle of something just now does it under one name.
    between = [("z", kind, name, at) for _, kind, _, at in under_way]
    await redis.flushall()
    store = Store(redis)
    await store.ingest.start()
    await store.put("a")
    await store.put("b")
    for event in before:
        await store.act(*event)
    await store.work()
    for event in between:
        await store.act(*event)

    await store.put("a", "b", "10.1/x")
    for event in after:
        await store.act(*event)
    boards = await store.work()

    log = [
        Entry(user=u, item="a", kind=k, at_us=NOW + at, received_us=NOW)
        for u, k, _, at in [*before, *between, *after]
    ]
    for user in ("x", "y", "z"):
        expected = profile_of([e for e in log if e.user == user], KINDS)
        profile, _ = await store.profiles.read(user)
        assert resolved(profile, store.aliases).interactions == expected.interactions
    voters = {
        user: i.states[UPVOTE] - NOW
        for user in ("x", "y", "z")
        for i in profile_of([e for e in log if e.user == user], KINDS).interactions
        if i.states.get(UPVOTE, 0) > 0
    }
    assert await store.votes("a") == voters
    assert boards.get("a", BoardRow(0, 0, (), {})).votes == len(voters)
    assert set(boards) <= {"a"}
