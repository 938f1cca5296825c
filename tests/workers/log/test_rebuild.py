"""What is derived from the log is the same when it is made anew from the log alone."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from recsvc.clock import DAY_US, now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Batch, Boards, Vote
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles
from workers.ingest import Ingest
from workers.log.archive import Archive
from workers.log.archiver import Archiver
from workers.log.params import ArchiveParams
from workers.log.reading import read_log
from workers.log.rebuilding import rebuild_boards, rebuild_profiles

FIRST_SEEN = b"\1"
USERS, ITEMS = [f"user {n}" for n in range(12)], [f"item/{n}" for n in range(9)]


# Who vouches for a reader differs from one event to the next, and so does where they are.
WHO = [("secret", None), ("token", None), *[("page", "a1")] * 3, ("page", "b2"), ("page", None)]
STRANGERS = TrendingParams(trust={"page": 0.5}, per_network=1)


def events(n: int, seed: int) -> list[Entry]:
    rng = np.random.default_rng(seed)
    now = now_us()
    return [
        Entry(
            user=str(rng.choice(USERS)),
            item=str(rng.choice(ITEMS)),
            kind=str(rng.choice(list(KINDS))),
            at_us=now - int(rng.integers(3 * DAY_US)),
            received_us=now + i,
            value_milli=int(rng.integers(90_000)) if rng.random() < 0.5 else None,
            **dict(zip(("trust", "network"), WHO[int(rng.integers(len(WHO)))], strict=True)),
        )
        for i in range(n)
    ]


async def state(redis: Redis) -> dict[str, Any]:
    """Everything derived, readable; counters at 0 and marks of the latest vote and event say nothing."""
    found: dict[str, Any] = {}
    async for key in redis.scan_iter("rs:*"):
        name = key.decode()
        kind = name.split(":")[2]
        if kind in ("counted", "nearby"):
            found[name] = await redis.zrange(key, 0, -1, withscores=True)
        elif kind in ("profile", "votes", "board", "applied"):
            found[name] = dict(await redis.hgetall(key))
            found[name].pop(b"", None)
            found[name].pop(b"\3", None)
        elif kind == "shown":
            found[name] = await redis.zrange(key, 0, -1, withscores=True)
    for name, fields in found.items():
        if "profile" in name or "board" in name:
            found[name] = {f: raw if f == FIRST_SEEN else _plain(raw) for f, raw in fields.items()}
    return found


def _plain(raw: bytes) -> Any:
    unpacked = msgspec.msgpack.decode(raw)
    if "counts" in unpacked:
        counts = unpacked["counts"] or {}
        unpacked["counts"] = {name: n for name, n in counts.items() if n}
    return unpacked


SIGNALS = {"click": 0.1, "read": 0.25, "share": 2.0}


@pytest.mark.parametrize(("archived_share", "counted"), [(0, {}), (0.5, SIGNALS), (1, {})])
async def test_boards_and_profiles_come_out_the_same(
    redis: Redis, tmp_path: Path, archived_share: float, counted: dict[str, float]
):
    pipe, streams, archive = Pipe(redis), Streams(redis, "test"), Archive(tmp_path)
    await redis.set(keys.KEYED, "1")
    trending = msgspec.structs.replace(STRANGERS, kinds=counted)
    boards, params = Boards(pipe, trending), EventLogParams()
    log = EventLog(pipe, KINDS, params)
    ingest = Ingest(streams, boards, KINDS, 10)
    archiver = Archiver(archive, streams, boards, ArchiveParams(60, 10**6))
    await ingest.start()
    sent = events(400, seed=int(10 * archived_share))
    half = int(len(sent) * archived_share)
    for part in (sent[:half], sent[half:]):
        await log.record(part, [False] * len(part))
        while await ingest.run_once():
            pass
        if part is not sent[half:] or archived_share == 1:
            await archiver.run_once(now_us(), force=True)
    expected = await state(redis)
    assert len(expected) > 20
    assert sum([(await boards.tally(item, now_us())).crowded for item in ITEMS]) > 3

    wrecked = [name for name in expected if "applied" not in name]
    await redis.delete(*wrecked[::2])
    await redis.hset(
        keys.BOARD,
        ITEMS[0],
        msgspec.msgpack.encode({"counts": {"click": 99}, "scores": [], "votes": 0, "last": 0}),
    )
    everything = await read_log(archive, streams, {})
    await rebuild_boards(everything, boards, KINDS, params, now_us())
    await rebuild_profiles(everything, Profiles(pipe), KINDS, params, now_us())

    assert everything.events.height == 400
    assert await state(redis) == expected
    await ingest.catch_up()
    while await ingest.run_once():
        pass
    assert await state(redis) == expected, "nothing is applied again"


async def test_scores_follow_a_new_half_life(redis: Redis):
    pipe = Pipe(redis)
    now = now_us()
    votes = [Vote(f"u{n}", now - n * DAY_US) for n in range(5)]
    old, new = (Boards(pipe, TrendingParams(half_life_hours=h)) for h in (10, 100))
    await old.replace(Batch(0, "", "", "", {"x": {"upvote": 5}}, {"x": votes}), {}, now)
    slow = (await old.all())["x"].scores

    assert await new.rescore(now) == 1
    fast = (await new.all())["x"]

    assert fast.votes == 5
    assert fast.counts == {"upvote": 5}
    assert fast.scores[3] == slow[3], "all time has no half-life"
    assert fast.scores[:3] != slow[:3]
    pulse = await redis.xrevrange(keys.PULSE, count=1)
    assert b"ix" in pulse[0][1], "processes that serve are told"
