"""Rows that damage took or mixed up are mended, and models that followed them are not served."""

import random

import pytest

from recsvc.core.items.item import StoredItem
from recsvc.core.items.rows import are_sound
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe

IDS = [f"i{n}" for n in range(20)]


async def put(items: Items, ids: list[str]) -> None:
    await items.change({i: lambda _, i=i: StoredItem(id=i, title=i, created_us=1) for i in ids})


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_was_lost_every_item_has_a_row_of_its_own_again(redis: Redis, seed: int):
    chance, items = random.Random(seed), Items(Pipe(redis))
    await put(items, IDS)
    catalogue = await items.catalogue_id()
    await redis.set(keys.SNAPSHOT, "a-model")
    for item in chance.sample(IDS, 4):
        await redis.hdel(keys.ROWS, item)
        if chance.random() < 0.5:
            await redis.hdel(keys.ITEMS, item)
    await redis.hset(keys.ROWS, chance.choice(IDS), "\x00")
    if chance.random() < 0.5:
        await put(items, ["late"])

    n = await items.mend_rows()

    assert n > 0
    assert await items.catalogue_id() != catalogue
    assert await redis.get(keys.SNAPSHOT) is None
    await put(items, [*IDS, "later"])
    assert are_sound(await items.rows())


async def test_sound_rows_stay_and_so_does_the_model(redis: Redis):
    items = Items(Pipe(redis))
    await put(items, IDS)
    before, catalogue = await items.rows(), await items.catalogue_id()
    await redis.set(keys.SNAPSHOT, "a-model")

    assert await items.mend_rows() == 0

    assert await items.rows() == before
    assert await items.catalogue_id() == catalogue
    assert await redis.get(keys.SNAPSHOT) == b"a-model"
