import threading

import polars as pl
import pytest

from recsvc.clock import DAY_US, from_us, now_us
from recsvc.core.access.trust import trust_of
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Logged, Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from workers.ingest import Ingest
from workers.log import manifest
from workers.log.archive import Archive, table
from workers.log.archiver import Archiver, tail
from workers.log.params import ArchiveParams


class Site:
    def __init__(self, redis: Redis, folder) -> None:
        pipe = Pipe(redis)
        self.redis = redis
        self.log = EventLog(pipe, KINDS, EventLogParams())
        self.boards = Boards(pipe, TrendingParams())
        self.streams = Streams(redis, "w")
        self.archive = Archive(folder)

    def archiver(self) -> Archiver:
        return Archiver(self.archive, self.streams, self.boards, ArchiveParams(60, 10**6))

    async def send(self, n: int, start: int = 0) -> None:
        entries = [
            Entry(f"u{i % 7}", f"i{i % 3}", "click", now_us(), now_us(), event_id=str(i))
            for i in range(start, start + n)
        ]
        await self.log.record(entries, [False] * n)
        ingest = Ingest(self.streams, self.boards, KINDS, 1)
        await ingest.start()
        while await ingest.run_once(block_ms=1):
            pass

    async def everything(self) -> list[str]:
        """Every event id, from the archive and from what is not yet in it."""
        fresh = table(await tail(self.streams, self.archive.until()))
        return sorted(pl.concat([self.archive.read(), fresh])["event_id"].to_list(), key=int)


@pytest.fixture
def site(redis: Redis, tmp_path) -> Site:
    return Site(redis, tmp_path / "archive")


async def test_what_is_archived_leaves_the_streams_and_nothing_is_lost(site):
    await site.send(20)

    moved = await site.archiver().run_once(now_us(), force=True)
    await site.send(5, start=20)

    assert moved == 20
    assert sum((await site.streams.lengths()).values()) == 5
    assert await site.everything() == [str(i) for i in range(25)]
    assert site.archive.count() == 20


async def test_a_clock_that_is_set_back_has_nothing_wait_for_it(site):
    archiver, now = site.archiver(), now_us()
    await site.send(3)
    await archiver.run_once(now + 2 * DAY_US, force=True)
    await site.send(3, start=3)

    assert await archiver.run_once(now) == 3


async def test_only_what_is_on_the_boards_is_archived(site):
    await site.send(3)
    late = Entry("u0", "i0", "click", now_us(), now_us(), event_id="99")
    await site.log.record([late], [False])

    await site.archiver().run_once(now_us(), force=True)

    assert sum((await site.streams.lengths()).values()) == 1


async def test_a_crash_between_writing_and_trimming_counts_nothing_twice(site, monkeypatch):
    await site.send(20)

    async def dies(*_):
        raise ConnectionResetError("killed")

    dying = site.archiver()
    monkeypatch.setattr(dying._streams, "trim", dies)
    with pytest.raises(ConnectionResetError):
        await dying.run_once(now_us(), force=True)
    monkeypatch.undo()
    assert site.archive.count() == 20
    assert sum((await site.streams.lengths()).values()) == 20, "in both places"
    assert await site.everything() == [str(i) for i in range(20)]

    await site.archiver().run_once(now_us())

    assert sum((await site.streams.lengths()).values()) == 0
    assert await site.everything() == [str(i) for i in range(20)]


async def test_an_unfinished_file_is_no_file(site):
    await site.send(3)
    (site.archive._folder / "2026-01-01").mkdir(parents=True)
    (site.archive._folder / "2026-01-01" / "000000-000000.tmp").write_bytes(b"PAR1 half")

    assert site.archive.count() == 0
    assert await site.everything() == ["0", "1", "2"]


async def test_files_of_an_older_version_are_read_with_their_missing_columns_empty(site):
    await site.send(2)
    await site.archiver().run_once(now_us(), force=True)
    (file,) = site.archive.files()
    pl.read_parquet(file).drop("source").write_parquet(file)
    for name in (manifest.NAME, manifest.COPY):
        (file.parent.parent / name).unlink()  # which no older version wrote

    assert site.archive.read()["source"].to_list() == [None, None]


async def test_the_archive_says_how_far_each_shard_is(site):
    await site.send(20)
    applied = await site.boards.applied()

    await site.archiver().run_once(now_us(), force=True)

    assert site.archive.until() == applied
    assert set(applied) == {keys.shard_of(f"u{i}") for i in range(7)}


def of_everybody(at_us: int) -> pl.DataFrame:
    said = [
        ("ann", "secret"), ("anon:a", "session"), ("anon:b", None), ("visitor-c", "page"),
        ("visitor-d", None), ("visitor-e", "secret"), ("bob", None), ("simulated-f", None),
    ]  # fmt: skip
    rows = [
        (
            0,
            Logged(f"{at_us // 1000}-{n}", {}),
            Entry(user, "x", "click", at_us, at_us, trust=trust),
        )
        for n, (user, trust) in enumerate(said)
    ]
    return table(rows)


async def test_what_nobody_vouches_for_leaves_the_archive_earlier(site):
    old, young = now_us() - 400 * DAY_US, now_us() - DAY_US
    for at_us in (old, young):
        site.archive.write(of_everybody(at_us), {0: f"{at_us // 1000}-7"}, at_us)

    await site.archiver().run_once(now_us())

    kept = site.archive.read().filter(pl.col("at_us") == old)["user"].to_list()
    assert sorted(kept) == ["ann", "bob", "visitor-e"]
    assert sorted(kept) == sorted(
        row["user"]
        for row in of_everybody(old).iter_rows(named=True)
        if trust_of(row["user"], row["trust"]).is_vouched
    )
    assert site.archive.count() == 3 + 8
    assert await site.archiver().run_once(now_us()) == 0
    assert site.archive.thick_before(from_us(young).date()) == []
    assert site.archive.gaps() == {}


def test_whoever_reads_while_files_are_written_anew_reads_them_all_and_each_as_a_whole(tmp_path):
    """As training and exports do beside erasures, where files broke off or passed for damaged."""
    archive, start_us = Archive(tmp_path), now_us()
    files = [archive.write(rows(60), {0: f"{n}-0"}, start_us + n) for n in range(4)]
    is_over, wrong = threading.Event(), []

    def read() -> None:
        reader = Archive(tmp_path)
        while not is_over.is_set() and not wrong:
            try:
                if (found := reader.files()) != files:
                    wrong.append(found)
                for file in found:
                    reader.scan(file).collect()
            except (pl.exceptions.PolarsError, OSError) as exc:
                wrong.append(exc)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for n in range(60):
            archive.rewrite(files[n % 4], rows(1 + n % 60))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()

    assert not wrong
    assert archive.tend() == {}


def rows(n: int) -> pl.DataFrame:
    entries = [(0, Logged(f"{i + 1}-0", {}), Entry(f"u{i}", "i", "click", i, i)) for i in range(n)]
    return table(entries)


def test_what_was_opened_is_read_as_it_was(tmp_path):
    archive = Archive(tmp_path)
    file = archive.write(rows(3), {0: "3-0"}, now_us())

    opened = archive.scan(file)
    archive.rewrite(file, rows(1))

    assert (opened.collect().height, archive.scan(file).collect().height) == (3, 1)
