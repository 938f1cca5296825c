"""Boards and profiles that differ from the log are found, told, and right after a rebuild."""

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import MINUTE_US, now_us
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe
from tests.faults.world import World
from workers.log.audit import Audit, Derived
from workers.log.reading import Log
from workers.log.schema import SCHEMA


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    """A site of which half the log is in files."""
    world = World(redis, tmp_path / "archive")
    await world.vote(30)
    await world.archived()
    await world.vote(30)
    await world.work()
    return world


async def found(world: World, looks: int = 12) -> str | None:
    """What an audit tells in the end: each look takes another sample."""
    derived = Derived(world.boards, world.profiles, Items(Pipe(world.redis)))
    audit, rng, told = Audit(world.archive, world.streams, derived, KINDS), random.Random(1), None
    for _ in range(looks):
        told = await audit.run_once(rng)
        if told is not None:
            return told
    return told


async def test_what_is_as_the_log_says_is_no_news(world: World):
    assert await found(world, looks=4) is None


@pytest.mark.parametrize("harm", ["vote", "row", "profile"])
async def test_what_differs_is_told_without_naming_a_reader_and_rebuilt(world: World, harm: str):
    for n in range(60):
        shard = keys.shard_of(f"u{n}")
        if harm == "profile":
            await world.redis.hdel(keys.profile(shard, f"u{n}"), f"i{n % 5}")
            await world.redis.hset(
                keys.profile(shard, f"u{n}"), "i9", b"\x81\xa5click\x93\x01\x00\x01"
            )
        elif harm == "vote":
            await world.redis.hdel(keys.votes(f"i{n % 5}"), f"u{n}")
    if harm == "row":
        await world.redis.delete(keys.BOARD)
        for n in range(5):
            await world.redis.delete(keys.votes(f"i{n}"))

    told = await found(world)

    assert told is not None
    assert "recsvc rebuild" in told
    assert "differ from the log" in told
    assert not any(f"u{n}" in told.split() for n in range(60))
    await world.rebuilt()
    assert await found(world, looks=4) is None


async def test_what_is_logged_and_not_on_boards_yet_is_no_difference(world: World):
    await world.vote(30)

    assert await found(world, looks=4) is None


async def test_nothing_is_told_by_a_log_that_lacks_a_file(world: World):
    for n in range(60):
        await world.redis.hdel(keys.votes(f"i{n % 5}"), f"u{n}")
    (file,) = world.archive.files()
    moved = file.rename(file.parent.parent / "elsewhere")

    assert await found(world) is None
    moved.rename(file)
    assert await found(world) is not None


@pytest.mark.parametrize("state", ["missing", "damaged"])
async def test_the_operator_is_told_of_a_file_and_what_helps_until_it_is_back(
    world: World, state: str
):
    (file,) = world.archive.files()
    whole = file.read_bytes()
    file.unlink() if state == "missing" else file.write_bytes(whole[:-20])
    archiver = await world.work()

    await archiver.run_once(now_us(), force=True)

    assert archiver.problem is not None
    assert f"{file.parent.name}/{file.name} ({state})" in archiver.problem
    assert "put them back from a backup" in archiver.problem
    await world.vote(1)
    assert await (await world.work()).run_once(now_us(), force=True) > 0, "archiving goes on"
    file.write_bytes(whole)
    await archiver.run_once(now_us() + MINUTE_US)
    assert archiver.problem is None


@given(
    entries=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 3)), max_size=20
    ),
    applied=st.dictionaries(st.integers(0, 4), st.tuples(st.integers(0, 5), st.integers(0, 3))),
)
def test_what_came_after_an_entry_is_known_by_its_items(entries, applied):
    rows = [(*entry, "u", f"i{n}", "click", 1, 1, *[None] * 7) for n, entry in enumerate(entries)]
    log = Log(pl.DataFrame(rows, schema=SCHEMA, orient="row"), {})

    found = log.items_after({shard: f"{ms}-{seq}" for shard, (ms, seq) in applied.items()})

    later = {
        f"i{n}"
        for n, (shard, *entry) in enumerate(entries)
        if tuple(entry) > applied.get(shard, (0, 0))
    }
    assert found == later
