"""Whose votes count, and when: held ones, owners', anonymous ones; whatever the order."""

import math
import random
from dataclasses import dataclass

import pytest

from recsvc.clock import HOUR_US, SECOND_US, now_us
from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, BoardRow, TrendingParams, log_score
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards, Vote
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from workers.ingest import Ingest

START = EPOCH_US + 10**15
HOLD = 2 * HOUR_US


@dataclass
class Loop:
    """The event log, the boards and what carries from one to the other."""

    log: EventLog
    boards: Boards
    items: Items
    ingest: Ingest

    async def vote(self, user: str, item: str, at_us: int = START, kind: str = "upvote") -> None:
        await self.log.record([Entry(user, item, kind, at_us, at_us)], [False])

    async def applied(self) -> dict[str, BoardRow]:
        while await self.ingest.run_once():
            pass
        return await self.boards.all()

    async def own(self, item: str, *owners: str) -> None:
        stored = StoredItem(id=item, title=item, created_us=START, owners=list(owners))
        await self.items.change({item: lambda _: stored})


def loop_on(redis: Redis, hold_hours: float) -> Loop:
    pipe = Pipe(redis)
    boards = Boards(pipe, TrendingParams())
    return Loop(
        EventLog(pipe, KINDS, EventLogParams(vote_hold_hours=hold_hours)),
        boards,
        Items(pipe),
        Ingest(Streams(redis, "test"), boards, KINDS, 10.0),
    )


@pytest.fixture
async def loop(redis: Redis) -> Loop:
    made = loop_on(redis, 0.0)
    await made.ingest.start()
    return made


@pytest.fixture
async def holding(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """A loop that holds votes for two hours, its clock at the start of time."""
    made = loop_on(redis, HOLD / HOUR_US)
    await made.ingest.start()
    monkeypatch.setattr("workers.ingest.now_us", lambda: START + SECOND_US)
    return made


async def test_a_new_readers_vote_is_held_and_counted_later(holding: Loop):
    await holding.vote("new", "paper")

    assert (await holding.applied())["paper"].votes == 0
    tally = await holding.boards.tally("paper", START + SECOND_US)
    assert (tally.counted, tally.held, tally.next_us) == (0, 1, START + HOLD)
    assert await holding.boards.due(START + HOLD - 1, 10) == []
    assert await holding.boards.due(START + HOLD, 10) == ["paper"]

    await holding.boards.recount(["paper"], START + HOLD)

    row = (await holding.boards.all())["paper"]
    assert row.votes == 1
    half_lives = TrendingParams().half_lives_us()
    assert row.scores == pytest.approx([log_score([START], h) for h in half_lives])
    assert await holding.boards.due(START + 10 * HOLD, 10) == []
    assert (await holding.boards.tally("paper", START + HOLD)).counted == 1


async def test_a_reader_known_for_long_enough_counts_at_once(holding: Loop):
    await holding.vote("known", "other", START, "click")

    await holding.vote("known", "paper", START + HOLD)

    assert (await holding.applied())["paper"].votes == 1


async def test_a_held_vote_that_is_taken_back_never_counts(holding: Loop):
    await holding.vote("new", "paper")
    await holding.vote("new", "paper", START + SECOND_US, "unvote")

    await holding.applied()
    await holding.boards.recount(["paper"], START + HOLD)

    assert "paper" not in await holding.boards.all()
    assert (await holding.boards.tally("paper", START)).held == 0


async def test_the_worker_counts_what_is_due(holding: Loop, monkeypatch: pytest.MonkeyPatch):
    for n in range(3):
        await holding.vote(f"new-{n}", f"paper-{n}")
    await holding.applied()
    assert await holding.ingest.recount() == 0

    monkeypatch.setattr("workers.ingest.now_us", lambda: START + HOLD)
    assert await holding.ingest.recount() == 3

    assert [row.votes for row in (await holding.boards.all()).values()] == [1, 1, 1]
    assert await holding.ingest.recount() == 0


async def test_nobody_votes_for_their_own_item(loop: Loop):
    await loop.own("paper", "author", "submitter")
    for user in ("author", "submitter", "reader"):
        await loop.vote(user, "paper")

    assert (await loop.applied())["paper"].votes == 1
    tally = await loop.boards.tally("paper", START)
    assert (tally.counted, tally.own) == (1, 2)


async def test_votes_are_counted_anew_when_owners_change(loop: Loop):
    await loop.vote("author", "paper")
    assert (await loop.applied())["paper"].votes == 1

    await loop.own("paper", "author")
    await loop.ingest.recount()
    assert (await loop.boards.all())["paper"].votes == 0

    await loop.own("paper")
    await loop.ingest.recount()
    assert (await loop.boards.all())["paper"].votes == 1


async def test_an_item_without_votes_gets_no_row_by_being_recounted(loop: Loop):
    await loop.own("paper", "author")

    assert await loop.ingest.recount() == 1

    assert await loop.boards.all() == {}
    assert await loop.boards.due(now_us(), 10) == []


async def test_anonymous_votes_weigh_nothing(loop: Loop, redis: Redis):
    for n in range(3):
        await loop.vote(f"{ANONYMOUS}session-{n}", "paper")
    await loop.vote(f"{ANONYMOUS}session-0", "paper", START + 1, "unvote")

    row = (await loop.applied())["paper"]

    assert row.votes == 0
    assert row.counts == {"anonymous_upvote": 2}
    tally = await loop.boards.tally("paper", START)
    assert (tally.counted, tally.anonymous) == (0, 2)
    assert await redis.exists(keys.votes("paper")) == 0


async def test_anonymous_profiles_are_forgotten_soon(loop: Loop, redis: Redis):
    session = f"{ANONYMOUS}session"
    await loop.vote(session, "paper", kind="click")
    await loop.vote("reader", "paper", kind="click")

    ages = [await redis.ttl(keys.profile(keys.shard_of(u), u)) for u in (session, "reader")]

    assert 0 < ages[0] <= 86_400 < ages[1]


async def test_votes_go_only_if_they_are_as_they_were(loop: Loop):
    for user in ("a", "b"):
        await loop.vote(user, "paper")
    await loop.applied()
    found = await loop.boards.votes_of(["a", "nobody"], ["paper", "unknown"])
    assert found == {"a": {"paper": str(START)}, "nobody": {}}
    stored = found["a"]["paper"]
    await loop.vote("b", "paper", START + 5)
    await loop.applied()

    taken = await loop.boards.take_away(
        {"paper": [Vote("a", only_if=stored), Vote("b", only_if=stored)]}, START
    )

    row = (await loop.boards.all())["paper"]
    assert (taken, row.votes, row.last_vote_us) == (1, 1, START + 5)
    assert row.counts["upvote"] == 1


async def test_in_whatever_order_the_boards_end_alike(redis: Redis, monkeypatch):
    """Votes of known, new, owning and anonymous readers, delivered in many orders and batches."""
    rng = random.Random(5)
    users = ["author", f"{ANONYMOUS}s", "u1", "u2", "u3"]
    events = [
        (user, item, START + rng.randrange(10**6), rng.choice(["upvote", "upvote", "unvote"]))
        for user in users
        for item in ("p1", "p2")
        for _ in range(3)
    ]
    ends = []
    for _ in range(12):
        await redis.flushall()
        loop = loop_on(redis, 1.0)
        await loop.ingest.start()
        await loop.own("p1", "author")
        monkeypatch.setattr("workers.ingest.now_us", lambda: START + rng.randrange(3 * HOUR_US))
        for user, item, at_us, kind in rng.sample(events, len(events)):
            await loop.vote(user, item, at_us, kind)
            if rng.random() < 0.3:
                await loop.ingest.run_once()
        await loop.applied()
        await loop.boards.recount(["p1", "p2"], START + 3 * HOUR_US)
        ends.append(await loop.boards.all())

    assert all(end == ends[0] for end in ends)
    assert ends[0]["p1"].votes + ends[0]["p2"].votes > 0


@pytest.mark.parametrize("who", ["visitor-1", "simulated-x"])
async def test_votes_from_before_the_first_key_count_until_there_is_one(
    loop: Loop, redis: Redis, who: str
):
    await loop.vote(who, "paper")
    await loop.vote("reader", "paper")
    await loop.vote(who, "other")
    assert (await loop.applied())["paper"].votes == 2

    await redis.set(keys.KEYED, "1")
    await loop.ingest.recount()

    rows = await loop.boards.all()
    assert (rows["paper"].votes, rows["other"].votes) == (1, 0)
    tally = await loop.boards.tally("paper", START)
    assert tally.counted == 1
    assert tally.classes == {"page": (1, 0.0), "secret": (1, 1.0)}
    await loop.vote(who, "paper", START + 1, "unvote")
    assert (await loop.applied())["paper"].votes == 1


async def test_who_vouches_is_said_by_the_entry_and_else_by_the_id(loop: Loop, redis: Redis):
    await redis.set(keys.KEYED, "1")
    said = {"ann": "page", "visitor-1": "secret", "bob": None, "visitor-2": None}
    entries = [Entry(u, "paper", "upvote", START, START, trust=t) for u, t in said.items()]
    await loop.log.record(entries, [False] * 4)

    assert (await loop.applied())["paper"].votes == 2
    tally = await loop.boards.tally("paper", START)
    assert tally.classes == {"page": (2, 0.0), "secret": (2, 1.0)}
    kept = await loop.boards.all()
    await loop.boards.recount(["paper"], START)
    assert await loop.boards.all() == kept


async def test_a_vote_counts_what_was_set_for_who_vouches_for_it(redis: Redis):
    await redis.set(keys.KEYED, "1")
    params = TrendingParams(trust={"session": 0.25})
    boards = Boards(Pipe(redis), params)
    loop = Loop(
        EventLog(Pipe(redis), KINDS, EventLogParams()),
        boards,
        Items(Pipe(redis)),
        Ingest(Streams(redis, "test"), boards, KINDS, 10.0),
    )
    await loop.ingest.start()
    for n in range(4):
        await loop.vote(f"{ANONYMOUS}{n}", "paper")
    await loop.vote("reader", "single")

    rows = await loop.applied()

    assert rows["paper"].scores == pytest.approx(rows["single"].scores)
    await loop.vote(f"{ANONYMOUS}0", "paper", START + 1, "unvote")
    left = (await loop.applied())["paper"].scores
    assert left == pytest.approx(
        [log_score([START], h) + math.log2(0.75) for h in params.half_lives_us()]
    )
