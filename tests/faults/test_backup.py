"""A backup made while events arrive holds each that was acknowledged before it began, and starts.

`BACKUP_ROUNDS=1000 python -m pytest tests/faults/test_backup.py` goes on for longer.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from recsvc.clock import now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.errors import InvalidError, StoreUnavailableError
from recsvc.store import keys
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from tests.faults.servers import filled, restored_events
from tests.service import recsvc
from workers.ingest import Ingest
from workers.log.archive import Archive
from workers.log.archiver import Archiver
from workers.log.backup import back_up, damages, restore
from workers.log.depot import Folder
from workers.log.params import ArchiveParams
from workers.privacy.copies import BackupHolding
from workers.privacy.holdings import Leaver

ROUNDS = int(os.environ.get("BACKUP_ROUNDS", "10"))

pytestmark = [pytest.mark.server, pytest.mark.timeout(600 + 30 * ROUNDS)]


class Load:
    """Events that arrive, go on the boards and into files, while the log is written anew."""

    def __init__(self, folder: Path, url: str) -> None:
        self.acknowledged: list[str] = []
        self._folder = folder
        self._redis = connect(url)
        self._is_over = False

    async def run(self) -> None:
        await asyncio.gather(self._send(), self._work(), self._rewrite())

    async def end(self, running: asyncio.Task[None]) -> None:
        """End it: where the store is just failing a call, being cancelled is lost on that."""
        self._is_over = True
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _send(self) -> None:
        log = EventLog(Pipe(self._redis), KINDS, EventLogParams())
        for i in itertools.count():
            entry = Entry(f"u{i % 50}", f"i{i % 9}", "upvote", now_us(), now_us(), event_id=str(i))
            # A store that does not answer in time may have it: by its id it counts once.
            while not self._is_over:
                with contextlib.suppress(StoreUnavailableError):
                    await log.record([entry], [False])
                    break
            if self._is_over:
                return
            self.acknowledged.append(str(i))

    async def _work(self) -> None:
        streams, archive = Streams(self._redis, "w"), Archive(self._folder / "archive")
        boards = Boards(Pipe(self._redis), TrendingParams())
        archiver = Archiver(archive, streams, boards, ArchiveParams(0.05, 50))
        await archiver.agreement.epoch()
        ingest = Ingest(streams, boards, KINDS, 10)
        await ingest.start()
        while not self._is_over:
            with contextlib.suppress(StoreUnavailableError):
                await ingest.run_once(block_ms=5)
                with archive.alone() as is_alone:
                    if is_alone:
                        await archiver.run_once(now_us())

    async def _rewrite(self) -> None:
        while not self._is_over:
            with contextlib.suppress(ResponseError):  # one is under way, or a picture is
                await self._redis.bgrewriteaof()
            await asyncio.sleep(0.2)


async def erasing(folder: Path) -> set[str]:
    """Who is erased as soon as a worker runs, their profiles gone already."""
    store = BundledStore(folder, "always")
    await store.start()
    redis = connect(store.url)
    found = {job.user for job in (await Erasures(Pipe(redis)).pending()).values()}
    for user in found:
        assert not await redis.exists(keys.profile(keys.shard_of(user), user))
    await redis.aclose()
    await store.stop()
    return found


async def test_every_backup_under_load_starts_and_misses_nothing(tmp_path):
    folder, to = tmp_path / "data", tmp_path / "backup"
    store = BundledStore(folder, "always")
    await store.start()
    load = Load(folder, store.url)
    loading = asyncio.create_task(load.run())
    asking = connect(store.url)
    for n in range(ROUNDS):
        enough = len(load.acknowledged) + 100
        while len(load.acknowledged) < enough:
            assert not loading.done(), loading.exception()
            await asyncio.sleep(0.01)
        before = set(load.acknowledged)

        await back_up(asking, folder, Folder(to))

        restore(Folder(to), tmp_path / f"restored{n}")
        found = await restored_events(tmp_path / f"restored{n}")
        assert before <= set(found), before - set(found)
        assert len(found) == len(set(found))
        assert not (folder / "store" / "dump.rdb").exists()
        shutil.rmtree(tmp_path / f"restored{n - 1}", ignore_errors=True)
    await load.end(loading)
    await load.close()
    await asking.aclose()
    await store.stop()
    assert len(Archive(folder / "archive").files()) > 1, "events moved to files meanwhile"
    kept = {path.stem for path in (to / "archive").iterdir()}
    listed = Archive(tmp_path / f"restored{ROUNDS - 1}" / "archive").listed().values()
    assert kept == {one.sha256 for one in listed}
    assert all(path.stat().st_mode & 0o077 == 0 for path in to.rglob("*.rdb"))


def test_the_commands_back_up_verify_and_restore(tmp_path):
    filled(tmp_path / "data", 10)
    to = str(tmp_path / "backup")

    made = recsvc("backup", to, data_dir=tmp_path / "data")
    whole = recsvc("backup", "--verify", to, data_dir=tmp_path / "data")
    erased = BackupHolding(tmp_path / "data").erase([Leaver("u3", "0-0"), Leaver("u4", "0-0")])
    asyncio.run(erased)
    restored = recsvc("restore", to, data_dir=tmp_path / "new")
    refused = recsvc("restore", to, data_dir=tmp_path / "data")

    assert made.returncode == whole.returncode == restored.returncode == 0, made.stderr
    assert "10 events" in made.stdout
    assert "10 events" in restored.stdout
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert len(asyncio.run(restored_events(tmp_path / "new"))) == 10
    assert "2 readers who were erased since" in restored.stdout
    assert asyncio.run(erasing(tmp_path / "new")) == {"u3", "u4"}
    assert recsvc("backup", to, data_dir=tmp_path / "data").returncode == 0
    assert not (tmp_path / "backup" / "erased.ndjson").exists(), "it is no longer needed"
    next((tmp_path / "backup").glob("*.rdb")).write_bytes(b"damaged")
    assert damages(Folder(tmp_path / "backup"))
    with pytest.raises(InvalidError, match="not whole"):
        restore(Folder(tmp_path / "backup"), tmp_path / "another")
    assert not (tmp_path / "another").exists()
