"""What an item's votes are worth, kept vote by vote, is what counting all of them anew gives."""

import asyncio
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.trending import EPOCH_US, TrendingParams, log_score
from recsvc.store import keys
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Batch, Boards, Heat, Vote
from recsvc.store.pipe import Pipe

NOW = EPOCH_US + 900 * DAY_US
PARAMS = TrendingParams()

users = st.sampled_from([f"u{n}" for n in range(8)])
instants = st.one_of(
    st.just(0), st.integers(NOW - HOUR_US, NOW), st.integers(EPOCH_US - 9 * DAY_US, NOW)
)
moments = instants.map(lambda at_us: at_us or NOW)
casts = st.lists(st.tuples(users, instants, st.sampled_from([0, NOW - 1, NOW + 1])), max_size=30)


def cast(boards: Boards, votes: list[Vote], item: str = "x"):
    return boards.apply([Batch(0, "", "", "", {item: {"upvote": 1}}, {item: votes})], NOW)


@settings(max_examples=40, deadline=None)
@given(drawn=casts, data=st.data())
def test_votes_that_come_and_go_leave_what_a_recount_finds(store_url, drawn, data):
    last = {user: (since, due) for user, since, due in drawn}
    counted = [since for since, due in last.values() if since and due <= NOW]
    order = data.draw(st.permutations(list(last)))

    async def run():
        redis = connect(store_url)
        await redis.flushall()
        boards = Boards(Pipe(redis), PARAMS)
        for user, since, due in drawn:
            await cast(boards, [Vote(user, since, due)])
        await cast(boards, [Vote(user, *last[user]) for user in order], "y")
        kept = await boards.all()
        await boards.recount(["x", "y"], NOW)
        anew = await boards.all()
        await redis.aclose()
        return kept, anew

    kept, anew = asyncio.run(run())

    assert kept == anew
    row = kept.get("x")
    assert (row.votes if row else 0) == len(counted)
    if counted:
        assert row.scores == kept["y"].scores
        expected = [log_score(counted, h) for h in PARAMS.half_lives_us()]
        assert row.scores == pytest.approx(expected, abs=1e-9)
        assert row.last_vote_us == max(counted)


async def test_votes_of_a_store_that_kept_no_sums_are_counted_when_the_next_comes(redis: Redis):
    boards = Boards(Pipe(redis), PARAMS)
    await cast(boards, [Vote(f"u{n}", NOW - n * DAY_US) for n in range(5)])
    expected = await boards.all()
    await redis.delete(*keys.votes_of("x")[1:])

    await cast(boards, [Vote("u9", NOW)])
    await cast(boards, [Vote("u9", 0)])

    assert (await boards.all())["x"].scores == expected["x"].scores


async def test_sums_that_another_release_passed_over_are_made_anew(redis: Redis):
    boards = Boards(Pipe(redis), PARAMS)
    await cast(boards, [Vote("u1", NOW - DAY_US)])
    await redis.hset(keys.votes("x"), "u2", str(NOW - HOUR_US))

    await cast(boards, [Vote("u3", NOW)])

    assert (await boards.all())["x"].votes == 3


async def test_sums_made_with_another_half_life_are_made_anew(redis: Redis):
    await cast(Boards(Pipe(redis), PARAMS), [Vote("u1", NOW - DAY_US)])
    slower = TrendingParams(half_life_hours=100.0)
    boards = Boards(Pipe(redis), slower)

    await cast(boards, [Vote("u2", NOW)])

    expected = [log_score([NOW - DAY_US, NOW], h) for h in slower.half_lives_us()]
    assert (await boards.all())["x"].scores == pytest.approx(expected, abs=1e-9)


async def test_an_item_whose_votes_are_gone_leaves_nothing_behind(redis: Redis):
    boards = Boards(Pipe(redis), PARAMS)
    await cast(boards, [Vote("u1", NOW), Vote("u2", NOW, NOW + 1)])
    await cast(boards, [Vote("u1", 0), Vote("u2", 0)])

    assert await redis.exists(*keys.votes_of("x")) == 0


async def test_a_vote_touches_no_other_votes(redis: Redis):
    """The commands of one vote are as many on a full item as on an empty one."""
    boards = Boards(Pipe(redis), PARAMS)
    await cast(boards, [Vote(f"u{n}", NOW - n * HOUR_US) for n in range(5_000)])
    await cast(boards, [Vote("u", NOW)], "empty")
    read = []
    for item in ("empty", "x"):
        await redis.config_resetstat()
        await cast(boards, [Vote("new", NOW)], item)
        found = await redis.info("commandstats")
        read.append({name: s["calls"] for name, s in found.items() if "config" not in name})

    assert "cmdstat_hvals" not in read[1]
    assert read[1].get("cmdstat_hgetall", 0) == 0
    assert sum(read[1].values()) <= sum(read[0].values()) + 1


deeds = st.lists(st.tuples(moments, st.sampled_from([0.1, 0.5, 3.0])), max_size=12)


@settings(max_examples=25)
@given(votes=st.lists(moments, max_size=6), done=deeds, undone=st.integers(0, 12))
def test_other_kinds_that_trending_counts_add_up_with_votes_and_can_be_taken_back(
    store_url, votes, done, undone
):
    def heat(of: list[tuple[int, float]], sign: int = 1) -> list[Heat]:
        return [Heat(at_us, sign * worth, "r") for at_us, worth in of]

    async def run():
        redis = connect(store_url)
        await redis.flushall()
        boards = Boards(Pipe(redis), PARAMS)
        for at_us, worth in done:
            added = {"x": heat([(at_us, worth)])}
            await boards.apply([Batch(0, "", "", "", {"x": {"click": 1}}, {}, added)], NOW)
        await cast(boards, [Vote(f"u{n}", at_us) for n, at_us in enumerate(votes)])
        back = {"x": heat(done[:undone], -1)}
        await boards.apply([Batch(0, "", "", "", {}, {}, back)], NOW)
        await boards.recount(["x"], NOW)  # of what is not kept one by one nothing is lost by it
        row = (await boards.all())["x"]
        await redis.aclose()
        return row

    row = asyncio.run(run())

    assert row.votes == len(votes)
    left = [(at_us, 1.0) for at_us in votes] + done[undone:]
    assert row.last_vote_us == max([0, *votes, *(at_us for at_us, _ in done)])
    for score, half_life in zip(row.scores, PARAMS.half_lives_us(), strict=True):
        newest = row.last_vote_us
        worth = sum(w * 2 ** ((at_us - newest) / half_life) for at_us, w in left)
        found = 2 ** (score - (newest - EPOCH_US) / half_life)
        assert found == pytest.approx(worth, rel=1e-6, abs=1e-9)


async def test_what_was_added_with_another_half_life_says_nothing_any_more(redis: Redis):
    added = {"x": [Heat(NOW, 0.5, "r")]}
    batch = Batch(0, "", "", "", {"x": {"click": 1}}, {}, added)
    await Boards(Pipe(redis), PARAMS).apply([batch], NOW)
    slower = Boards(Pipe(redis), TrendingParams(half_life_hours=100.0))

    await slower.apply([batch], NOW)

    assert 2 ** (await slower.all())["x"].scores[3] == pytest.approx(0.5)


async def test_an_owners_own_clicks_are_not_counted(redis: Redis):
    await redis.hset(keys.OWNERS, "x", msgspec.msgpack.encode(["r"]))
    added = {"x": [Heat(NOW, 0.5, "r")]}
    boards = Boards(Pipe(redis), PARAMS)

    await boards.apply([Batch(0, "", "", "", {"x": {"click": 1}}, {}, added)], NOW)

    assert max((await boards.all())["x"].scores) == -math.inf


async def test_stretches_that_say_nothing_any_more_are_forgotten(redis: Redis):
    boards = Boards(Pipe(redis), PARAMS)
    added = {"x": [Heat(NOW - n * DAY_US, 0.5, "r") for n in range(800, -1, -1)]}

    await boards.apply([Batch(0, "", "", "", {"x": {"click": 1}}, {}, added)], NOW)
    await boards.apply([Batch(0, "", "", "", {}, {}, {"x": [Heat(NOW, 0.5, "r")]})], NOW)

    assert await redis.hlen(keys.votes_of("x")[3]) < 600
    assert 2 ** (await boards.all())["x"].scores[3] == pytest.approx(0.5 * 802)
