"""The server-side function against the reference fold, on a real server."""

import asyncio
import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.clock import now_us
from recsvc.core.items.aliases import Aliases
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import MIN_AT_US, Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import Profile, bounded, profile_of
from recsvc.errors import StoreUnavailableError
from recsvc.store import keys
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.profiles import ALL, Profiles
from workers.ingest import Ingest

USERS, ITEMS = ["ann", "bob"], ["x", "y/z", "ü 7"]
EVERYBODY = [*USERS, "anon:session"]


@st.composite
def batches(draw, users=USERS):
    """Events with ids, some sharing everything but the id."""
    n = draw(st.integers(1, 15))
    return [
        Entry(
            user=draw(st.sampled_from(users)),
            item=draw(st.sampled_from(ITEMS)),
            kind=draw(st.sampled_from(sorted(KINDS))),
            at_us=MIN_AT_US + draw(st.integers(0, 6)),
            received_us=now_us(),
            event_id=f"e{i}",
            value_milli=draw(st.none() | st.integers(0, 9)),
        )
        for i in range(n)
    ]


def state_after(url: str, entries: list[Entry], together: int = 1) -> tuple:
    """Record the entries, so many at a time, apply them, and return all that was derived."""

    async def run() -> tuple:
        redis = connect(url)
        await redis.flushall()
        pipe = Pipe(redis)
        log = EventLog(pipe, KINDS, EventLogParams())
        fresh: list[bool] = []
        for start in range(0, len(entries), together):
            some = entries[start : start + together]
            fresh += await log.record(some, [False] * len(some))
        boards = Boards(pipe, TrendingParams())
        ingest = Ingest(Streams(redis, "w"), boards, KINDS, 10)
        await ingest.start()
        while await ingest.run_once(block_ms=1):
            pass
        profiles = {}
        for user in EVERYBODY:
            profile, _ = await Profiles(pipe).read(user, n_shown=ALL)
            profiles[user] = ({i.item: i for i in profile.interactions}, profile.shown)
        rows = await boards.all()
        await redis.aclose()
        return profiles, rows, sum(fresh)

    return asyncio.run(run())


on_a_server = settings(max_examples=25, deadline=None)


@on_a_server
@given(entries=batches(EVERYBODY), data=st.data())
def test_any_order_and_repetition_gives_the_same_profile_counters_and_boards(
    store_url, entries, data
):
    jumbled = data.draw(st.permutations(entries + data.draw(st.lists(st.sampled_from(entries)))))

    straight = state_after(store_url, entries)
    shuffled = state_after(store_url, jumbled, data.draw(st.integers(1, 30), "together"))

    assert shuffled == straight
    for user, (found, shown) in straight[0].items():
        expected = profile_of([e for e in entries if e.user == user], KINDS)
        assert found == {i.item: i for i in expected.interactions}
        assert shown == expected.shown


@on_a_server
@given(entries=batches())
def test_counters_equal_a_recount(store_url, entries):
    _, boards, _ = state_after(store_url, entries)

    for item in ITEMS:
        readers = {u: profile_of([e for e in entries if e.user == u], KINDS) for u in USERS}
        standing = [
            i for p in readers.values() for i in p.interactions
            if i.item == item and i.states.get("upvote", 0) > 0
        ]  # fmt: skip
        clicks = sum(e.kind == "click" for e in entries if e.item == item)
        shown = sum(e.kind == "impression" for e in entries if e.item == item)
        row = boards.get(item)
        assert (row.votes if row else 0) == len(standing)
        assert (row.counts.get("click", 0) if row else 0) == clicks
        assert (row.counts.get("impression", 0) if row else 0) == shown
        assert (row.last_vote_us if row else 0) == max(
            (i.states["upvote"] for i in standing), default=0
        )


def entry(kind: str, item: str = "x", at_us: int = MIN_AT_US, **fields) -> Entry:
    return Entry("ann", item, kind, at_us, now_us(), **fields)


@pytest.fixture
def log(redis: Redis) -> EventLog:
    return EventLog(Pipe(redis), KINDS, EventLogParams(profile_items=10, shown_items=5))


async def test_the_same_id_twice_is_one_event_and_another_users_is_another(redis, log):
    mine = entry("click", event_id="1")
    theirs = msgspec.structs.replace(mine, user="bob")

    assert await log.record([mine, mine, theirs], [False] * 3) == [True, False, True]
    assert await log.record([mine], [False]) == [False]


async def test_without_an_id_the_same_moment_is_the_same_event_if_the_client_named_it(redis, log):
    assert await log.record([entry("click"), entry("click")], [True, True]) == [True, False]
    assert await log.record([entry("read"), entry("read")], [False, False]) == [True, True]


async def test_an_id_is_remembered_across_a_change_of_buckets(redis):
    log = EventLog(Pipe(redis), KINDS, EventLogParams(event_id_days=1))
    day_us = 86_400_000_000
    first = msgspec.structs.replace(entry("click", event_id="1"), received_us=10 * day_us - 1)

    assert await log.record([first], [False]) == [True]
    again = msgspec.structs.replace(first, received_us=10 * day_us + 1)
    assert await log.record([again], [False]) == [False]


async def test_a_full_profile_forgets_the_oldest_details_and_never_what_is_hidden(redis, log):
    await log.record([entry("hide", "never")], [False])
    for i in range(40):
        await log.record([entry("click", f"i{i}", MIN_AT_US + 1 + i)], [False])

    profile, _ = await Profiles(Pipe(redis)).read("ann")

    detailed = {i.item for i in profile.interactions if i.states or i.signals}
    assert "never" in detailed
    assert "i39" in detailed
    assert "i0" not in detailed
    assert len(detailed) <= 12
    acted_on = {i.item for i in profile.interactions if i.is_acted_on}
    assert acted_on >= {f"i{i}" for i in range(40)}, "that still keeps them off the feed"


async def test_votes_survive_every_bound_and_can_be_taken_back(redis, log):
    await log.record([entry("upvote", f"v{i}", MIN_AT_US + i) for i in range(60)], [False] * 60)
    for i in range(120):
        await log.record([entry("click", f"i{i}", MIN_AT_US + 100 + i)], [False])

    await log.record([entry("unvote", "v0", MIN_AT_US + 1_000)], [False])

    profile, stamp = await Profiles(Pipe(redis)).read("ann")
    known = {i.item: i for i in profile.interactions}
    assert all(known[f"v{i}"].states["upvote"] > 0 for i in range(1, 60))
    assert known["v0"].states["upvote"] < 0
    logged = await redis.xrange(keys.events(keys.shard_of("ann")))
    assert logged[-1][0] == stamp.vote
    assert (logged[-1][1][b"w"], logged[-1][1][b"n"]) == (b"%d" % MIN_AT_US, b"")
    assert len(known) <= 60 + 12 + 40, "and the rest is bounded"


def profile_after(url: str, entries: list[Entry], params: EventLogParams) -> Profile:
    """Record the entries in small batches, and return the reader's profile."""

    async def run() -> Profile:
        redis = connect(url)
        await redis.flushall()
        log = EventLog(Pipe(redis), KINDS, params)
        for start in range(0, len(entries), 7):
            batch = entries[start : start + 7]
            await log.record(batch, [False] * len(batch))
        profile, _ = await Profiles(Pipe(redis)).read("ann", n_shown=ALL)
        await redis.aclose()
        return profile

    return asyncio.run(run())


@on_a_server
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(["click", "upvote", "unvote", "save", "hide", "unhide"]),
            st.integers(0, 60),
        ),
        min_size=60,
        max_size=120,
    )
)
def test_a_full_profile_keeps_all_that_stands_and_what_was_acted_on(store_url, drawn):
    events = [entry(kind, f"i{i}", MIN_AT_US + n) for n, (kind, i) in enumerate(drawn)]
    whole = profile_of(events, KINDS)

    kept = profile_after(store_url, events, EventLogParams(profile_items=10, shown_items=5))

    known = {i.item: i for i in kept.interactions}
    for interaction in whole.interactions:
        on = {name: at for name, at in interaction.states.items() if at > 0}
        assert on.items() <= known.get(interaction.item, interaction).states.items()
        if interaction.is_acted_on:
            assert known[interaction.item].is_acted_on
    assert sum(not i.stands for i in known.values()) <= 5 * 10 + 3
    rebuilt = bounded(whole, 10, 5)
    assert {i.item for i in rebuilt.interactions} <= set(known)


async def test_impressions_are_remembered_up_to_a_bound(redis, log):
    await log.record([entry("impression", f"i{i}", MIN_AT_US + i) for i in range(20)], [False] * 20)

    profile, _ = await Profiles(Pipe(redis)).read("ann", n_shown=ALL)

    assert set(profile.shown) == {f"i{i}" for i in range(15, 20)}
    assert not profile.interactions


async def test_every_key_is_bounded_or_lives_for_a_time(redis, log):
    await log.record(
        [entry("upvote"), entry("impression"), entry("click", event_id="1")], [True] * 3
    )

    for key in await redis.keys("*"):
        name = key.decode()
        assert name.startswith("rs:{"), "every key carries a hash tag"
        if name.endswith(":events") or name == keys.SECRET:
            continue  # trimmed once archived; and one for the whole site
        assert 0 < await redis.ttl(key) <= 401 * 86_400, name


async def test_all_keys_of_a_call_are_those_of_the_table(redis, log):
    await log.record([entry("upvote"), entry("impression")], [True] * 2)
    shard = keys.shard_of("ann")

    assert {k.decode() for k in await redis.keys("*")} <= {
        keys.events(shard),
        keys.profile(shard, "ann"),
        keys.shown(shard, "ann"),
        keys.readers(shard),
        keys.names(shard),
        keys.SECRET,  # that event ids are digested with
    } | {k.decode() for k in await redis.keys(f"rs:{{{shard}}}:ids:*")}


async def test_what_an_erased_reader_sends_again_is_a_new_event(redis, log):
    sent = entry("click", event_id="1")
    assert await log.record([sent, sent], [False] * 2) == [True, False]

    await Erasures(Pipe(redis)).request("ann", now_us())

    assert await log.record([sent, sent], [False] * 2) == [True, False]
    await Erasures(Pipe(redis)).request("ann", now_us())
    assert await log.record([sent], [False]) == [True]


@pytest.mark.one_server
async def test_nobody_who_has_the_store_can_test_a_guess_against_event_ids(redis, log):
    await log.record([entry("click", event_id="1"), entry("click", event_id="2")], [False] * 2)

    guesses = {hashlib.blake2b(f"ann\n{n}".encode(), digest_size=12).digest() for n in range(5)}
    held = [await redis.smembers(key) for key in await redis.keys("rs:*:ids:*")]
    assert sum(map(len, held)) == 2
    assert guesses.isdisjoint(*held)


@pytest.mark.one_server
async def test_an_event_that_the_former_release_took_is_known_again(redis, log):
    sent = entry("click", event_id="1")
    await log.record([sent], [False])
    (key,) = await redis.keys("rs:*:ids:*")
    former = hashlib.blake2b(b"ann\n1", digest_size=12).digest()
    await redis.delete(key)
    await redis.sadd(key, former)

    assert await log.record([sent], [False]) == [False]


async def test_an_event_that_too_few_replicas_have_is_not_acknowledged_and_counts_once(
    redis: Redis,
):
    entry = Entry("ann", "x", "upvote", now_us(), now_us(), event_id="the vote")
    careful = EventLog(Pipe(redis), KINDS, EventLogParams(wait_for_replicas=1))

    with pytest.raises(StoreUnavailableError, match="0 of 1 replicas"):
        await careful.record([entry], [False])

    # Its fate was unknown; it is there, and counts no second time.
    careless = EventLog(Pipe(redis), KINDS, EventLogParams())
    assert await careless.record([entry], [False]) == [False]


async def test_whatever_fails_is_told_to_everybody_who_waits_and_the_next_are_recorded(
    redis: Redis,
):
    """Otherwise their requests would hang for ever."""
    failing = [ZeroDivisionError(), KeyError("x"), StoreUnavailableError("away")]

    def aliases() -> Aliases:
        if failing:
            raise failing.pop()
        return Aliases()

    log = EventLog(Pipe(redis), KINDS, EventLogParams(), aliases)
    now = now_us()
    # Of one reader, so that on a cluster, too, all of them travel together.
    events = [Entry("u", "x", "upvote", now, now, event_id=f"e{n}") for n in range(4)]

    async with asyncio.timeout(30):
        for expected in list(reversed(failing)):
            calls = [log.record([event], [False]) for event in events]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert outcomes == [expected] * 4
        assert await log.record(events, [False] * 4) == [True] * 4
