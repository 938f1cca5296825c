"""The log lies in files and in the store: whichever is lost or goes back in time, the other tells."""

import random
from pathlib import Path

import polars as pl
import pytest

from recsvc.store.connection import Redis
from tests.faults.world import World

_HOUR_MS = 3_600_000


@pytest.fixture
def world(redis: Redis, tmp_path: Path) -> World:
    return World(redis, tmp_path / "archive")


async def test_a_new_store_whose_clock_is_behind_the_archive_loses_no_event(world: World):
    await world.clock_ahead(_HOUR_MS)
    old = await world.vote(150)
    await world.archived()
    await world.redis.flushall()
    new = await world.vote(161)

    await world.archived()
    await world.archived()

    assert await world.kept() == sorted(old | new, key=int)
    assert await world.votes() == 161, "those of the old store are missing, and told"
    assert "150 events" in (await world.problem() or "")


async def test_an_empty_store_beside_a_full_archive_says_what_helps(world: World):
    await world.vote(149)
    await world.archived()
    await world.redis.flushall()

    told = await world.problem()

    assert told is not None
    assert "149 events" in told
    assert "recsvc rebuild" in told
    await world.rebuilt()
    assert await world.votes() == 149
    assert await world.problem() is None


async def test_a_store_that_went_back_in_time_is_told_and_rebuilt_exactly(world: World):
    await world.vote(40)
    await world.archived()
    copy = await world.copy()
    await world.vote(60)
    await world.archived()

    await world.brought_back(copy)
    await world.vote(7)
    await world.archived()

    assert await world.votes() == 47, "60 are in files only"
    assert "recsvc rebuild" in (await world.problem() or "")
    await world.rebuilt()
    assert await world.votes() == 107
    assert await world.problem() is None


async def test_a_store_that_was_only_started_again_is_no_news(world: World):
    await world.vote(20)
    await world.archived()
    held = await world.streams.epochs.held()
    await world.vote(5)

    await world.archived()

    assert await world.streams.epochs.held() == held
    assert await world.problem() is None


async def test_the_store_of_a_former_release_goes_on(world: World):
    await world.vote(20)
    await world.archived()
    await world.redis.delete("rs:{site}:epochs")
    for file in world.archive.files():
        rows, metadata = _as_formerly_written(world, file)
        world.archive._put(file, rows, metadata)
    await world.vote(5)

    await world.archived()

    assert await world.problem() is None
    assert len(await world.kept()) == 25


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_nothing_kept_is_lost_and_a_rebuild_is_exact(
    world: World, seed: int
):
    chance = random.Random(seed)
    known: set[str] = set()
    copies = [await world.copy()]
    for _ in range(12):
        match chance.choice(["vote", "vote", "archive", "archive", "copy", "wipe", "back"]):
            case "vote":
                if chance.random() < 0.3:
                    await world.clock_ahead(chance.choice([1_000, _HOUR_MS]))
                await world.vote(chance.randint(1, 30))
            case "archive":
                await world.archived()
            case "copy":
                copies.append(await world.copy())
            case "wipe":
                await world.redis.flushall()
            case "back":
                await world.brought_back(chance.choice(copies))
        # What is in neither place by now went with the store: nothing can be known of it.
        known = (known & set(world.archive.read()["event_id"])) | await world.in_streams()
        await world.archived()
        assert known <= set(await world.kept())
        known = set(await world.kept())

    kept = await world.kept()
    assert len(kept) == len(set(kept)), "each once"
    await world.rebuilt()
    assert await world.votes() == len(kept)
    assert await world.problem() is None


def _as_formerly_written(world: World, file: Path):
    metadata = pl.read_parquet_metadata(file)
    return pl.read_parquet(file), {"recsvc.ranges": metadata["recsvc.ranges"]}
