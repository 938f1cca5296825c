"""A published model that is damaged is named, and the latest sound one is served in its place."""

from pathlib import Path

from recsvc.store import keys
from recsvc.store.connection import Redis
from tests.live.test_following import NEW, following
from tests.workers.site import Site


async def damage(redis: Redis, snapshot_id: str) -> None:
    key = keys.snapshot_chunk(snapshot_id, 0)
    raw = bytearray(await redis.get(key))
    raw[: len(raw) // 2] = bytes(len(raw) // 2)
    await redis.set(key, bytes(raw))


async def test_a_start_on_a_damaged_model_serves_the_one_before(redis: Redis, tmp_path: Path):
    site = Site(redis, tmp_path)
    await site.fill()
    former = await site.train()
    await site.put(NEW)
    later = await site.train(at_s=1)
    await damage(redis, later.snapshot_id)

    async with following(redis, tmp_path / "elsewhere") as live:
        assert live.model.snapshot_id == former.snapshot_id
        assert live.snapshot_refused is not None
        assert later.snapshot_id in live.snapshot_refused
        assert f"{former.snapshot_id} is served in its place" in live.snapshot_refused


async def test_without_any_sound_model_there_is_none(redis: Redis, tmp_path: Path):
    site = Site(redis, tmp_path)
    await site.fill()
    only = await site.train()
    await damage(redis, only.snapshot_id)

    async with following(redis, tmp_path / "elsewhere") as live:
        assert live.model.snapshot_id is None
        assert "in its place" not in (live.snapshot_refused or "")
