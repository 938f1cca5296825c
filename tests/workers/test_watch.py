"""What goes wrong with a worker is told in words, as soon as it goes on, and for as long as it does."""

from pathlib import Path

import pytest

from recsvc.clock import now_us
from recsvc.store import keys
from recsvc.store.bundled.folder import note_mended
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe
from recsvc.store.troubles import Troubles
from tests.faults.servers import fill, small_disk
from tests.faults.world import World
from workers.log.archive import Archive
from workers.watch import STUCK_S, Watch


class Told:
    """A watch on a folder, and what it tells."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        pipe = Pipe(redis)
        self._redis = redis
        self._troubles = Troubles(pipe)
        self.watch = Watch(self._troubles, Archive(folder / "archive"), Items(pipe), folder)

    async def now(self) -> dict[str, str]:
        await self.watch.look()
        await self._troubles.beat(now_us(), tells=True)
        found = await self._redis.hgetall(keys.PROBLEMS)
        # The machine that runs this may be short of room itself.
        return {n.decode(): text.decode() for n, text in found.items()}


@pytest.mark.parametrize(
    "part", ["archiving", "train", "ingest", "copying", "exposures", "readers"]
)
async def test_a_part_that_goes_on_failing_is_told_with_its_reason(
    redis: Redis, tmp_path: Path, part: str
):
    told = Told(redis, tmp_path)
    told.watch.failed(part, "No space left on device", 0.0)
    assert part not in await told.now()
    told.watch.failed(part, "No space left on device", STUCK_S)

    found = await told.now()

    assert found[part] == (
        f"the worker's part `{part}` fails again and again: No space left on device"
    )
    told.watch.went_well(part)
    assert part not in await told.now()


async def test_a_part_that_failed_once_and_rests_is_not_said_to_fail_again_and_again(
    redis: Redis, tmp_path: Path
):
    told = Told(redis, tmp_path)
    told.watch.failed("auditing", "the store does not answer", 0.0)
    told.watch.went_well("auditing")
    told.watch.failed("auditing", "the store does not answer", 2 * STUCK_S)

    assert "auditing" not in await told.now()


async def test_a_disk_that_is_nearly_full_is_told_until_there_is_room(redis: Redis, tmp_path: Path):
    with small_disk(tmp_path / "disk", 8) as disk:
        told = Told(redis, disk)
        assert "disk" not in await told.now()
        fill(disk / "filler")

        assert "nearly full: 0 MB are free" in (await told.now())["disk"]

        (disk / "filler").unlink()
        assert "disk" not in await told.now()


async def test_a_folder_that_is_gone_is_told(redis: Redis, tmp_path: Path):
    told = Told(redis, tmp_path / "gone")

    assert "cannot be looked at" in (await told.now())["disk"]


async def test_a_log_that_was_mended_is_told(redis: Redis, tmp_path: Path):
    told = Told(redis, tmp_path)
    (tmp_path / "store").mkdir()
    note_mended(tmp_path / "store", 64)

    found = await told.now()

    assert "64 bytes of it are lost" in found["log"]
    assert "recsvc rebuild" in found["log"]


async def test_a_full_archive_beside_an_empty_catalogue_is_told(redis: Redis, tmp_path: Path):
    world = World(redis, tmp_path / "archive")
    await world.vote(7)
    await world.archived()

    assert "7 events and the catalogue no item" in (await Told(redis, tmp_path).now())["catalogue"]
