"""A view that follows a real store: what changes, what is lost and found, and that it can be stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError

from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import TrendingParams
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe
from tests.stored import put_all
from tests.workers.site import Site
from tests.workers.training import world

pytestmark = pytest.mark.anyio

NEW = StoredItem(id="new", title="word3 sign4 arrived", created_us=world.NOW_US)


class Deaf(redis.asyncio.Redis):
    """A driver that turns a cancellation into an error of its own, as one may while it cleans up."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().execute_command(*args, **options)
        except asyncio.CancelledError:
            raise ConnectionError("closed") from None


async def until(predicate: Callable[[], Any], what: str) -> None:
    for _ in range(500):
        if predicate():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{what}: not within 10 s")


@asynccontextmanager
async def following(store: Redis, folder: Path) -> AsyncIterator[Live]:
    pipe = Pipe(store)
    items, snapshots = Items(pipe), Snapshots(pipe, folder / "cache")
    boards = Boards(pipe, TrendingParams())
    catalogue = LiveCatalogue(items, boards, ItemCache(items, 100), SearchIndex())
    live = Live(store, catalogue, LiveModel(snapshots, WarmedItems(pipe)))
    await live.start()
    try:
        yield live
    finally:
        await asyncio.wait_for(live.stop(), 10)


async def change(items: Items, item: StoredItem | None, name: str) -> str:
    await items.change({name: lambda _: item})
    return await items.last_change()


async def test_it_stops_though_the_driver_swallows_the_cancellation(
    store_url: str, redis: Redis, tmp_path: Path
) -> None:
    deaf = Deaf.from_url(store_url, protocol=3)
    async with following(deaf, tmp_path):
        await asyncio.sleep(0)  # `following` waits for the end no longer than 10 s
    await deaf.aclose()


@pytest.mark.server
async def test_it_stops_while_the_store_goes_away(tmp_path: Path) -> None:
    store = BundledStore(tmp_path, "everysec")
    await store.start()
    client = connect(store.url)
    async with following(client, tmp_path):
        going = asyncio.create_task(store.stop())
        await asyncio.sleep(0)
    await going
    await client.aclose()


async def test_what_changes_is_found_and_described(redis: Redis, tmp_path: Path) -> None:
    items = Items(Pipe(redis))
    async with following(redis, tmp_path) as live:
        await live.wait_for_change(await change(items, NEW, "new"), 10)
        row = live.catalogue.row_of("new")
        assert row is not None
        assert live.rows_with("arrived").tolist() == [row]
        assert live.model.matrix[row].nnz, "its text is described"
        await live.wait_for_rows(np.array([row]), 0)  # not awaited any more: returns at once

        await live.wait_for_change(await change(items, None, "new"), 10)
        assert live.catalogue.row_of("new") is None
        assert live.rows_with("arrived").tolist() == []


async def test_who_waits_in_vain_is_let_go(redis: Redis, tmp_path: Path) -> None:
    async with following(redis, tmp_path) as live:
        await asyncio.wait_for(live.wait_for_items(["never"], 0.05), 5)
        await asyncio.wait_for(live.wait_for_change("9999999999999-0", 0.05), 5)


async def test_a_snapshot_brought_back_leaves_no_text_out(redis: Redis, tmp_path: Path) -> None:
    """What a later one described and it does not is counted anew."""
    site = Site(redis, tmp_path)
    await site.fill()
    former = await site.train()
    await site.put(NEW)
    later = await site.train(at_s=1)
    async with following(redis, tmp_path) as live:
        assert live.model.snapshot_id == later.snapshot_id
        row = live.catalogue.row_of("new")
        assert live.model.matrix[row].nnz

        await site.snapshots.activate(former.snapshot_id)

        await until(lambda: live.model.snapshot_id == former.snapshot_id, "the former one serves")
        assert live.model.matrix[row].nnz


async def test_what_was_learned_of_another_catalogue_is_forgotten(
    redis: Redis, tmp_path: Path
) -> None:
    """Its rows are other items: the store was emptied and filled anew."""
    site = Site(redis, tmp_path)
    await site.fill()
    await site.train()
    async with following(redis, tmp_path) as live:
        assert live.model.snapshot_id is not None
        before = live.catalogue_id
        await redis.client_kill_filter(_type="normal", skipme=True)
        await redis.flushall()
        await put_all(Items(Pipe(redis)), [NEW])

        await until(lambda: live.catalogue_id not in ("", before), "the store is found again")
        await until(lambda: live.catalogue.row_of("new") == 0, "the new catalogue is loaded")
        await until(lambda: live.model.n == 1, "the model is of the new catalogue")
        assert live.model.snapshot_id is None
