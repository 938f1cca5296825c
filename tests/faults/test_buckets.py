"""A backup in a bucket of an object store is what it is in a folder."""

import asyncio
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from recsvc.clock import now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.kinds import KINDS
from recsvc.errors import InvalidError, SourceError
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.epochs import FORMER
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from tests.bucket_server import bucket as bucket_of_a_server
from tests.faults.servers import filled, record, restored_events
from tests.service import free_port, recsvc
from workers.ingest import Ingest
from workers.log.archive import Archive
from workers.log.archiver import Archiver
from workers.log.backup import back_up, damages, restore
from workers.log.backup_erasures import erased_since
from workers.log.bucket import Bucket
from workers.log.copied import copied, fetched
from workers.log.depot import Depot, depot_at
from workers.log.params import ArchiveParams
from workers.privacy.copies import BackupHolding
from workers.privacy.holdings import Leaver

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with bucket_of_a_server() as address:
        yield address


@pytest.fixture(params=["a folder", "a bucket"])
def depot(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> Depot:
    is_folder = request.param == "a folder"
    found = depot_at(str(tmp_path / "kept") if is_folder else f"{bucket}/{tmp_path.name}/")
    found.prepare()
    return found


class CountingBucket(Bucket):
    """A bucket that tells what was uploaded."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.uploaded: list[str] = []

    def put(self, source: Path, name: str) -> None:
        self.uploaded.append(name)
        super().put(source, name)


def test_what_is_put_there_is_there_and_only_that(depot: Depot, tmp_path: Path):
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(bytes(range(256)) * 40_000)  # more than one part of an upload

    depot.put(source, "archive/a.parquet")
    depot.write("b.json", b"before")
    depot.write("b.json", b"after")
    depot.fetch("archive/a.parquet", back, 0o600)

    assert sorted(depot.names()) == ["archive/a.parquet", "b.json"]
    assert back.read_bytes() == source.read_bytes()
    assert back.stat().st_mode & 0o777 == 0o600
    assert depot.read("b.json") == b"after"
    with urllib.request.urlopen(depot.lent("archive/a.parquet")) as lent:
        assert lent.read() == source.read_bytes()
    assert depot.digest("nothing") is None
    with pytest.raises(FileNotFoundError):
        depot.read("nothing")
    for _ in range(2):
        depot.remove("b.json")
    assert depot.names() == ["archive/a.parquet"]


def test_lines_are_added_and_those_needed_stay(depot: Depot):
    assert depot.appended("told") == b""
    for line in (b"1\n", b"2\n", b"3\n"):
        depot.append("told", line)

    depot.reduce("told", lambda line: line >= b"2")

    assert sorted(filter(None, depot.appended("told").split(b"\n"))) == [b"2", b"3"]
    depot.reduce("told", lambda _: False)
    assert depot.names() == []


async def archive_all(folder: Path, url: str) -> None:
    """Have everything that is logged on the boards, and then in a file."""
    redis = connect(url)
    streams, boards = Streams(redis, "w"), Boards(Pipe(redis), TrendingParams())
    archiver = Archiver(Archive(folder / "archive"), streams, boards, ArchiveParams())
    await archiver.agreement.epoch()
    ingest = Ingest(streams, boards, KINDS, 10)
    await ingest.start()
    while await ingest.run_once(block_ms=5):
        pass
    await archiver.run_once(now_us(), force=True)
    await redis.aclose()


async def test_a_backup_grows_is_restored_and_knows_who_was_erased(bucket: str, tmp_path: Path):
    folder, to = tmp_path / "data", CountingBucket(f"{bucket}/grows")
    store = BundledStore(folder, "always")
    await store.start()
    await record(store.url, 0, 10)
    await archive_all(folder, store.url)
    redis = connect(store.url)

    first = await back_up(redis, folder, to)
    before = list(to.uploaded)
    await record(store.url, 10, 5)
    await archive_all(folder, store.url)
    await record(store.url, 15, 3)
    second = await back_up(redis, folder, to)
    await BackupHolding(folder).erase([Leaver("u3", "0-0")])
    await redis.aclose()
    await store.stop()

    again = [name for name in to.uploaded[len(before) :] if name in before]
    assert [name for name in again if name.startswith("archive/")] == [], "only what is new"
    assert first.picture not in to.names()
    assert damages(to) == []
    restore(to, tmp_path / "new")
    assert len(await restored_events(tmp_path / "new")) == 18
    assert not (tmp_path / "new" / second.picture).exists()
    assert erased_since(to, second.made_us) == ["u3"]
    kept = f"archive/{second.archive[0].sha256}.parquet"
    to.write(kept, b"damaged")
    assert damages(to) == [f"{kept} is damaged"]
    with pytest.raises(InvalidError, match="not whole"):
        restore(to, tmp_path / "another")
    assert not (tmp_path / "another").exists()


def test_the_commands_take_the_address_of_a_bucket(bucket: str, tmp_path: Path):
    filled(tmp_path / "data", 10)

    made = recsvc("backup", f"{bucket}/commands", data_dir=tmp_path / "data")
    restored = recsvc("restore", f"{bucket}/commands", data_dir=tmp_path / "new")

    assert f"10 events backed up to {bucket}/commands" in made.stdout, made.stderr
    assert "10 events restored" in restored.stdout, restored.stderr


async def test_an_archive_elsewhere_is_read_as_it_is_without_who_was_erased_since(
    depot: Depot, tmp_path: Path
):
    folder = tmp_path / "data"
    store = BundledStore(folder, "always")
    await store.start()
    await record(store.url, 0, 10)
    await archive_all(folder, store.url)
    await record(store.url, 10, 4)
    await archive_all(folder, store.url)
    redis = connect(store.url)
    await back_up(redis, folder, depot)
    await BackupHolding(folder).erase([Leaver("u3", "0-0")])
    await redis.aclose()
    await store.stop()
    here = Archive(folder / "archive")

    with fetched(copied(depot), tmp_path) as archive:
        kept = archive.read()
        assert kept.equals(here.read().filter(pl.col("user") != "u3"))
        assert archive.until(FORMER) == here.until(FORMER)

    plain = depot_at(f"{depot.address}-plain")
    plain.prepare()
    for path in (folder / "archive").rglob("*"):
        if path.suffix in (".json", ".parquet"):
            plain.put(path, path.relative_to(folder / "archive").as_posix())
    with fetched(copied(plain), tmp_path) as archive:
        assert archive.read().equals(here.read())
    turned = plain.read(name := here.files()[0].relative_to(folder / "archive").as_posix())
    plain.write(name, turned[:-1] + bytes([turned[-1] ^ 1]))
    with (
        pytest.raises(SourceError, match="not as it was written"),
        fetched(copied(plain), tmp_path),
    ):
        pass
    left = await asyncio.to_thread(lambda: list(tmp_path.glob("archive-*")))
    assert left == [], "nothing of readers stays"


def test_a_model_is_trained_on_an_archive_in_a_bucket(bucket: str, tmp_path: Path):
    filled(tmp_path / "data", 10)
    items = tmp_path / "items.jsonl"
    items.write_text("".join(f'{{"id": "i{n}", "title": "paper {n}"}}\n' for n in range(3)))
    recsvc("import", str(items), data_dir=tmp_path / "data")
    recsvc("backup", f"{bucket}/trained", data_dir=tmp_path / "data")

    done = recsvc("train", "--archive", f"{bucket}/trained", data_dir=tmp_path / "data")
    missing = recsvc("train", "--archive", f"{bucket}/nothing", data_dir=tmp_path / "data")

    assert ": 10 events, " in done.stdout, done.stderr
    assert missing.returncode == 2
    assert "there is no backup" in missing.stderr


@pytest.mark.parametrize("address", ["s3://", "ftp://x/y", "gs://x/y", "s3://b/p?x=1", "://"])
def test_an_address_that_is_not_spoken_is_refused(address: str):
    with pytest.raises(InvalidError, match="s3://bucket/prefix"):
        depot_at(address)


def test_a_bucket_that_is_missing_or_away_is_an_error_of_ours(
    bucket: str, monkeypatch: pytest.MonkeyPatch
):
    missing = depot_at("s3://no-such-bucket")
    with pytest.raises(SourceError, match="s3://no-such-bucket"):
        missing.write("a", b"")
    with pytest.raises(InvalidError, match="there is no backup in 's3://no-such-bucket'"):
        restore(missing, Path("nowhere"))

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SourceError, match="s3://away"):
        depot_at("s3://away").prepare()
