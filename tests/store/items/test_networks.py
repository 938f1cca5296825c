"""Of strangers of one network so many votes count, in whatever order they come and go."""

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.trending import EPOCH_US, TrendingParams
from recsvc.store import keys
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Batch, Boards, Heat, Vote
from recsvc.store.pipe import Pipe

NOW = EPOCH_US + 900 * DAY_US
WEIGHTS = {"session": 0.25, "page": 0.5}

casts = st.lists(
    st.builds(
        Vote,
        user=st.sampled_from(["ann", "bob", *(f"anon:{n}" for n in range(5)), "visitor-1"]),
        since_us=st.one_of(st.just(0), st.integers(NOW - HOUR_US, NOW - HOUR_US + 9)),
        counts_us=st.sampled_from([0, 0, NOW - 1, NOW + 1]),
        trust=st.sampled_from(["", "page", "session"]),
        network=st.sampled_from(["", "a1", "b2"]),
    ),
    max_size=30,
)


def cast(boards: Boards, votes: list[Vote], item: str = "x"):
    return boards.apply([Batch(0, "", "", "", {item: {"upvote": 1}}, {item: votes})], NOW)


def counted(votes: list[Vote], most: int) -> list[float]:
    """Return what each vote counts that does: by the definition."""
    worth, let_in = [], {}
    for vote in sorted(votes, key=lambda v: (v.since_us, v.user)):
        implied = "session" if vote.user.startswith("anon:") else "secret"
        implied = "page" if vote.user.startswith("visitor-") else implied
        trust = vote.trust or implied
        if vote.counts_us > NOW:
            continue
        if trust in WEIGHTS and vote.network:
            let_in[vote.network] = let_in.get(vote.network, 0) + 1
            if let_in[vote.network] > most:
                continue
        worth.append(WEIGHTS.get(trust, 1.0))
    return worth


@settings(max_examples=60)
@given(drawn=casts, most=st.integers(1, 3), data=st.data())
def test_of_one_network_so_many_votes_count_as_a_recount_finds(store_url, drawn, most, data):
    last = {vote.user: vote for vote in drawn}
    standing = [vote for vote in last.values() if vote.since_us]
    order = data.draw(st.permutations(list(last.values())))

    async def run():
        redis = connect(store_url)
        await redis.flushall()
        await redis.set(keys.KEYED, "1")
        boards = Boards(Pipe(redis), TrendingParams(trust=WEIGHTS, per_network=most))
        for vote in drawn:
            await cast(boards, [vote])
        await cast(boards, order, "y")
        kept, tally = await boards.all(), await boards.tally("x", NOW)
        await boards.recount(["x", "y"], NOW)
        anew = await boards.all()
        await redis.aclose()
        return kept, anew, tally

    kept, anew, tally = asyncio.run(run())

    assert kept == anew
    worth = counted(standing, most)
    due = [vote for vote in standing if vote.counts_us <= NOW]
    assert (tally.counted, tally.crowded) == (len(worth), len(due) - len(worth))
    if worth:
        assert (kept["x"].votes, kept["x"].scores) == (len(worth), kept["y"].scores)
        assert 2 ** kept["x"].scores[3] == pytest.approx(sum(worth))


async def test_while_no_key_exists_everybody_is_of_one_machine_and_counts(redis: Redis):
    boards = Boards(Pipe(redis), TrendingParams(trust=WEIGHTS))
    await cast(boards, [Vote(f"visitor-{n}", NOW, network="a1") for n in range(9)])
    assert (await boards.all())["x"].votes == 9

    await redis.set(keys.KEYED, "1")
    await boards.recount_keyed(NOW)

    assert (await boards.all())["x"].votes == 2
    assert (await boards.tally("x", NOW)).crowded == 7


async def test_a_vote_of_a_crowd_costs_the_same_however_large_it_is(redis: Redis):
    await redis.set(keys.KEYED, "1")
    boards = Boards(Pipe(redis), TrendingParams(trust=WEIGHTS))
    crowd = [Vote(f"anon:{n}", NOW - n, network="a1") for n in range(5_000)]
    await cast(boards, crowd)
    await cast(boards, crowd[:9], "few")
    calls = []
    for item in ("few", "x"):
        await redis.config_resetstat()
        await cast(boards, [Vote("anon:first", NOW - HOUR_US, network="a1")], item)
        found = await redis.info("commandstats")
        calls.append(sum(stat["calls"] for stat in found.values()))

    assert calls[0] == calls[1]


async def test_what_else_trending_counts_of_strangers_heats_nothing_once_a_key_exists(redis: Redis):
    """Other kinds are not kept one by one: no bound could hold of one network."""
    boards = Boards(Pipe(redis), TrendingParams(trust=WEIGHTS, kinds={"click": 0.5}))

    async def heated(*users: str) -> float:
        heat = {"x": [Heat(NOW, 0.5, user) for user in users]}
        await boards.apply([Batch(0, "", "", "", {"x": {"click": 1}}, {}, heat)], NOW)
        return 2 ** (await boards.all())["x"].scores[3]

    assert await heated("anon:1", "visitor-1", "ann") == pytest.approx(1.5)
    await redis.set(keys.KEYED, "1")

    assert await heated("anon:1", "visitor-1", "ann") == pytest.approx(0.5)
    assert not math.isinf((await boards.all())["x"].scores[0])
