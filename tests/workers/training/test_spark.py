"""Training by Spark, on a real cluster: the same of the same log, through the same gate."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from recsvc.clock import DAY_US
from recsvc.core.items.item import StoredItem
from recsvc.core.model.neighbours import Neighbours
from recsvc.core.model.snapshot import Snapshot
from recsvc.store.connection import Redis
from recsvc.store.log.streams import Streams
from tests import spark_cluster
from tests.bucket_server import bucket
from tests.service import environment
from tests.stored import put_all
from tests.workers.site import Site
from tests.workers.training import world
from workers.log import manifest
from workers.log.archive import Archive
from workers.log.copied import copied
from workers.log.depot import depot_at
from workers.log.reading import read_log
from workers.log.schema import SCHEMA
from workers.training.gathering import gathered_from_copy

pytestmark = [pytest.mark.anyio, pytest.mark.server, pytest.mark.timeout(600)]

_SHARD = 7
_BEGAN_US = world.NOW_US - 30 * DAY_US


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory):
    with spark_cluster.cluster(tmp_path_factory.mktemp("spark")) as submitting:
        yield submitting


def odd_events() -> pl.DataFrame:
    """Events of every kind, of everybody, and of items that go by another name or by none."""
    told = [
        *(("u1", f"i{n}", kind, 10 + n) for n in range(9) for kind in ("click", "save", "share")),
        ("u2", "i3", "upvote", 5), ("u2", "i3", "unvote", 5),
        ("u3", "i4", "unvote", 9), ("u3", "i4", "upvote", 8),
        ("u4", "i5", "hide", 3), ("u4", "i5", "upvote", 2), ("u4", "i6", "unhide", 3),
        ("u5", "also-known", "upvote", 4), ("u5", "i9", "click", 5), ("u5", "unheard-of", "upvote", 6),
        *((f"visitor-{n}", "i11", "upvote", n) for n in range(3)),
        *((f"anon:{n}", "i12", "upvote", n) for n in range(40)),
        ("u6", "i13", "impression", 1), ("u6", "i13", "read", 2), ("u6", "i13", "read", 3),
    ]  # fmt: skip
    entries = []
    for n, (user, item, kind, hours) in enumerate(told):
        at_us = _BEGAN_US + hours * 3_600_000_000
        value = 90_000 if kind == "read" else None
        event = (_SHARD, n + 1, 0, user, item, kind, at_us, at_us, None, None, None, value, None)
        entries.append((*event, "session" if user == "anon:1" else None, "net"))
    return pl.DataFrame(entries, schema=SCHEMA, orient="row")


async def filled(redis: Redis, folder: Path) -> Site:
    """Return a site whose log is in two files, some of it in both, and in the store."""
    site = Site(redis, folder)
    named = StoredItem(id="own-name", title="word known sign", aliases=["also-known"], created_us=1)
    unread = StoredItem(id="unread", title="word7 sign7", created_us=1)
    await put_all(site.items, [*world.items().values(), named, unread])
    events, archive = world.events(), Archive(site.settings.archive_path)
    archive.write(events.head(1_500), {0: "1500-0"}, world.NOW_US - DAY_US)
    later = pl.concat([events.slice(1_400), odd_events()])
    archive.write(later, {0: f"{len(events)}-0", _SHARD: "1000-0"}, world.NOW_US)
    for item in ("i2", "i10", "i18"):
        await site.act("late", "upvote", item, world.NOW_US - DAY_US)
    return site


def train(site: Site, url: str, submitting: Mapping[str, str], **settings: object) -> str:
    """Run `recsvc train` on the cluster."""
    told = environment(
        REDIS_URL=url, DATA_DIR=site.settings.data_dir, FACTORS=16, TRAIN_THREADS=1, **settings
    )
    options = ["--engine", "spark", "--master", submitting["SPARK_MASTER"]]
    done = subprocess.run(
        [sys.executable, "-m", "recsvc", "train", *options],
        env=os.environ | told | submitting, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


async def latest(site: Site) -> Snapshot:
    newest = (await site.snapshots.manifests())[0].snapshot_id
    return await site.snapshots.load(newest, await site.items.catalogue_id())


def weights(lists: Neighbours) -> np.ndarray:
    """Return the weights of every list, heaviest first: which of equals are kept does not matter."""
    matrix = lists.matrix.tocoo()
    return matrix.data[np.lexsort((-matrix.data, matrix.row))]


async def test_executors_fetch_an_archive_from_a_bucket_but_for_who_was_erased(
    redis: Redis, tmp_path: Path, spark: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
):
    from workers.training.spark.log import opened
    from workers.training.spark.session import session

    site = await filled(redis, tmp_path)
    folder, streams = Path(site.settings.archive_path), Streams(redis, "test")
    here = (await read_log(Archive(folder), streams)).events
    for name, value in spark.items():
        monkeypatch.setenv(name, value)

    with bucket() as address, session("local[1]") as at_work:
        copy = depot_at(f"{address}/copy")
        for path in (folder / manifest.NAME, *Archive(folder).files()):
            copy.put(path, path.relative_to(folder).as_posix())
        found = msgspec.structs.replace(copied(copy), erased=["u1", "late"])
        material = await gathered_from_copy(found, streams, site.items, world.NOW_US)
        events = opened(at_work, material, tmp_path).events
        users = [row["user"] for row in events.select("user").collect()]

    # What someone does after the copy was made is theirs again.
    kept = here.filter(pl.col("user") != "u1")
    assert sorted(users) == sorted(kept["user"])


async def test_spark_learns_the_same_of_the_same_log_and_its_model_is_published(
    redis: Redis, store_url: str, tmp_path: Path, spark: Mapping[str, str]
):
    site = await filled(redis, tmp_path)
    here = await site.train()
    ours = await latest(site)

    told = train(site, store_url, spark)

    theirs = await latest(site)
    there = theirs.manifest
    assert "passed" in told
    assert await site.snapshots.current() == there.snapshot_id
    assert (here.engine, there.engine) == ("implicit", "spark")
    for name in ("n_events", "n_users", "n_interactions", "n_items", "n_rows"):
        assert getattr(there, name) == getattr(here, name), name
    assert theirs.support.tolist() == ours.support.tolist()
    assert theirs.item_weight == pytest.approx(ours.item_weight)
    assert there.mean_weight == pytest.approx(here.mean_weight, rel=1e-4)
    for name in ("neighbours", "transitions"):
        one, other = weights(getattr(theirs, name)), weights(getattr(ours, name))
        assert one == pytest.approx(other, rel=2e-3), name
    unread = (await site.items.rows())["unread"]
    assert theirs.support[unread] == 0
    assert theirs.item_factors[unread].any()
    assert here.verdict is not None
    assert there.verdict is not None
    assert there.verdict.n_readers == here.verdict.n_readers
    assert there.verdict.foreseen > 0.98 * here.verdict.foreseen
    assert there.verdict.against["served"].theirs == pytest.approx(here.verdict.foreseen, rel=0.1)
    assert not [left for left in (tmp_path / "spark").iterdir() if left.is_dir()]
