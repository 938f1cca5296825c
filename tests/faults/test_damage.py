"""A row that cannot be read is left out and told; it stops neither a start nor a list."""

import asyncio

import msgspec
import pytest

from recsvc.clock import now_us
from recsvc.core.items.item import StoredItem
from recsvc.store import keys
from recsvc.store.connection import connect
from tests.faults.servers import served
from tests.service import wait_until

BROKEN = [b"", b"{", b"\xff\xfe", b"[]", b"\x81\xa5votes\xc0", b'{"id": 3}']


def _with_store(store_url, *commands):
    async def run():
        redis = connect(store_url)
        for command in commands:
            await redis.execute_command(*command)
        await redis.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("raw", BROKEN)
def test_a_broken_row_of_any_kind_is_left_out_and_the_others_are_served(empty_store_url, raw):
    sound = msgspec.json.encode(StoredItem(id="sound", title="Sound", created_us=now_us()))
    _with_store(
        empty_store_url,
        ("HSET", keys.ITEMS, "sound", sound, "broken", raw),
        ("HSET", keys.ROWS, "sound", 0, "broken", 1),
        ("HSET", keys.BOARD, "sound", raw, "broken", raw),
        ("HSET", keys.profile(keys.shard_of("ada"), "ada"), "sound", raw),
        ("HSET", keys.preferences(keys.shard_of("ada"), "ada"), raw or b"x", raw),
    )

    with served(empty_store_url) as http:
        feed = http.get("/v1/feed?user=ada").raise_for_status().json()
        problems = http.get("/health/ready").raise_for_status().json()["problems"]
        figures = http.get("/metrics").text

        assert [item["id"] for item in feed["items"]] == ["sound"]
        assert any("cannot be read" in p and "item 'broken'" in p for p in problems)
        assert 'recsvc_unreadable_rows_total{kind="item"} 1.0' in figures
        http.put("/v1/items/broken", json={"title": "Whole again"}).raise_for_status()
        wait_until(
            lambda: {i["id"] for i in http.get("/v1/new").json()["items"]} == {"sound", "broken"},
            "the item put anew is listed",
        )
