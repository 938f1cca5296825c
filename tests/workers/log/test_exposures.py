"""Exposures, from a serving process into files, and out of them again with what came of them."""

import asyncio
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsvc.clock import DAY_US, HOUR_US, now_us
from recsvc.core.ranking.exploration import FIRST, Lottery, feed_id
from recsvc.errors import InvalidError, StoreUnavailableError
from recsvc.lists.exposures import Exposures, Serving
from recsvc.lists.params import ExposureParams
from recsvc.store.connection import Redis
from recsvc.store.log.exposures import MOST_PACKS, ExposureLog, Shown, packed
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from workers.log.archive import Archive
from workers.log.attribution import attributed, attributed_since, summary
from workers.log.exposures import EXPOSURES, ExposureCollector, ExposureFiles
from workers.log.off_policy import of_share
from workers.log.params import ExposureFileParams
from workers.log.schema import SCHEMA


def shown(*items: str, first: int = 0) -> bytes:
    n = len(items)
    positions, voices = list(range(first, first + n)), ["personal"] * n
    return packed(Shown("personal", "s-1", positions, list(items), voices, [None] * n))


class World:
    def __init__(self, redis: Redis, folder: Path, share: float = 1.0) -> None:
        self.pipe = Pipe(redis)
        self.log = ExposureLog(self.pipe)
        self.exposures = Exposures(ExposureParams(share), self.log)
        self.files = ExposureFiles(folder)
        self.collector = ExposureCollector(self.log, self.files, ExposureFileParams(), 60)

    async def collected(self) -> pl.DataFrame:
        await self.exposures.stop()
        await self.collector.collect(now_us())
        return self.files.scan().collect()


@pytest.fixture
def world(redis: Redis, tmp_path: Path) -> World:
    return World(redis, tmp_path)


async def test_what_was_served_is_in_a_file_and_no_longer_in_the_store(world):
    world.exposures.note("ada", "f1", shown("a", "b"), Serving(variants=("blend=loud",)))
    world.exposures.note("ada", "f1", shown("c", first=2))
    found = await world.collected()

    assert found.schema == pl.Schema(EXPOSURES)
    assert found["items"].to_list() == [["a", "b"], ["c"]]
    assert found["positions"].to_list() == [[0, 1], [2]]
    assert found["variants"].to_list() == [["blend=loud"], []]
    assert await world.log.waiting() == 0


async def test_much_is_sent_in_packs_and_nothing_of_it_is_lost(world):
    for n in range(500):
        world.exposures.note(f"r{n}", f"f{n}", shown(*(f"item {n} {i}" for i in range(20))))
    found = await world.collected()

    assert found["feed_id"].to_list() == [f"f{n}" for n in range(500)]


async def test_it_is_sent_without_anybody_asking(world):
    is_sent = asyncio.Event()
    world.exposures.observe = lambda *_: is_sent.set()
    world.exposures.note("ada", "f1", shown("a"))
    await asyncio.wait_for(is_sent.wait(), 10)

    assert await world.log.waiting() == 1


async def test_a_share_of_readers_is_noted_whole_and_says_what_it_is(redis, tmp_path):
    world = World(redis, tmp_path, share=0.25)
    for n in range(400):
        for feed in "ab":
            world.exposures.note(f"r{n}", f"{feed}{n}", shown("a"))
    found = await world.collected()

    assert 60 < found["user"].n_unique() < 140
    assert set(found.group_by("user").len()["len"]) == {2}
    assert found.select((1 / pl.col("share")).sum()).item() == pytest.approx(800, rel=0.25)


async def test_what_the_store_does_not_take_is_kept_and_sent_later_within_a_bound(world):
    taking, told = world.log.append, []

    async def refusing(_):
        raise StoreUnavailableError("away")

    world.log.append = refusing
    world.exposures.observe = lambda outcome, n: told.append((outcome, n))
    world.exposures.note("ada", "f1", shown("a"))
    await world.exposures.stop()
    big = shown("x" * 2**20)
    for n in range(8):
        world.exposures.note("ada", f"big{n}", big)
    world.log.append = taking
    found = await world.collected()

    assert found["feed_id"].to_list() == ["f1", "big0", "big1", "big2"]
    assert told.count(("lost", 1)) == 5


async def test_where_no_worker_comes_the_store_holds_so_much(world):
    one = shown("x" * 20_000)
    for _ in range(MOST_PACKS // 64 + 8):
        await world.log.append([one] * 64)

    assert await world.log.waiting() <= MOST_PACKS + 200


async def test_an_erased_reader_is_in_no_file_and_what_comes_late_neither(world):
    for user in ("ada", "bob"):
        world.exposures.note(user, f"before of {user}", shown("a"))
    await world.collected()
    world.exposures.note("ada", "in the store", shown("a"))
    await world.exposures.stop()
    world.exposures.note("ada", "in hand", shown("a"))
    await Erasures(world.pipe).request("ada", now_us())
    erased = await world.collector.erase(["ada"])
    await asyncio.sleep(0.002)  # an erasure is known to the millisecond
    world.exposures.note("ada", "came back", shown("a"))
    found = await world.collected()

    assert erased == {"ada": 1}
    assert sorted(found["feed_id"]) == ["before of bob", "came back"]


async def test_a_damaged_file_stops_nobody_from_being_erased_and_no_figure(world, tmp_path):
    for n in range(3):
        world.exposures.note(f"reader-{n}", f"f{n}", shown("a", "b"))
        world.exposures.note("leaver", f"g{n}", shown("a"))
        await world.collected()
    first = world.files.files()[0]
    whole = first.read_bytes()
    for at in range(0, len(whole), 61):
        first.write_bytes(
            whole[:at] + bytes(255 - b for b in whole[at : at + 64]) + whole[at + 64 :]
        )
        archive = Archive(tmp_path / "archive")

        found = attributed_since(world.files, archive, 0)
        kept = [len(table) for table in world.files.of("reader-1")]
        world.files.erase({"leaver": now_us()})

        assert {"f1", "f2"} <= set(found["feed_id"])
        assert sum(kept) == 1
        assert "leaver" not in world.files.scan().collect()["user"]


async def test_old_files_go_also_where_nobody_is_shown_anything_any_more(world):
    world.exposures.note("ada", "f1", shown("a"))
    await world.collected()

    await world.collector.run_once(now_us() + 89 * DAY_US)
    assert world.files.files()
    await world.collector.run_once(now_us() + 92 * DAY_US)
    assert not world.files.files()


async def test_old_files_go_and_the_oldest_of_what_is_too_much(world):
    for days in (200, 3, 2, 1):
        world.files.write(pl.DataFrame(schema=EXPOSURES), now_us() - days * DAY_US)
    assert world.files.drop(ExposureFileParams(kept_days=90), now_us()) == 1
    assert len(world.files.files()) == 3

    latest = world.files.files()[-1]
    latest.write_bytes(bytes(2**20))
    assert world.files.drop(ExposureFileParams(megabytes=1), now_us()) == 2
    assert world.files.files() == [latest]


def events(*rows: tuple) -> pl.LazyFrame:
    names = ("feed_id", "user", "item", "position", "kind", "received_us")
    given = pl.DataFrame(
        rows, schema={n: SCHEMA[n] for n in names}, orient="row"
    )  # fmt: skip
    return given.lazy().match_to_schema(SCHEMA, missing_columns="insert")


def test_an_act_belongs_to_the_place_it_names_and_to_no_other():
    at, two = 10 * DAY_US, [None] * 2
    lists = [
        ("f1", "ada", at, 1.0, [], "personal", "s", [0, 1], ["a", "b"], ["personal"] * 2, two, two),
        ("f2", "bob", at, 1.0, [], "personal", "s", [0], ["a"], ["new"], [None], [None]),
        ("f3", "cyd", at, 1.0, [], "personal", "s", [], [], [], [], []),
    ]  # fmt: skip
    exposures = pl.DataFrame(
        lists, schema=list(EXPOSURES.items())[: len(lists[0])], orient="row"
    ).lazy()
    soon = at + 1
    found = attributed(
        exposures,
        events(
            ("f1", "ada", "b", 1, "click", soon),
            ("f1", "ada", "b", None, "upvote", soon),
            ("f1", "ada", "a", 1, "click", soon),  # did not stand there
            ("f1", "bob", "a", 0, "click", soon),  # not the one it was served to
            ("f2", "bob", "a", 0, "click", at + 25 * HOUR_US),  # too late
            ("f2", "bob", "a", 0, "click", at - 1),  # too early
            (None, "bob", "a", 0, "click", soon),
        ),
    ).collect()

    rows = found.select("feed_id", "item", "clicked", "upvoted", "hid").rows()
    assert rows == [
        ("f1", "a", False, False, False),
        ("f1", "b", True, True, False),
        ("f2", "a", False, False, False),
    ]
    told = summary(found)
    assert (told.feeds, told.readers, told.clicked_share) == (2, 2, 0.5)
    assert told.by_voice == [("new", 1, 0.0, 0.0), ("personal", 2, 0.5, 0.5)]


async def test_files_of_a_former_release_are_read_as_ours(world):
    world.exposures.note("ada", "f1", shown("a", "b"))
    await world.collected()
    file = world.files.files()[0]
    pl.read_parquet(file).drop("teams", "is_tried", "took_us", "speakers", "points").with_columns(
        of_another=1
    ).write_parquet(file)

    assert world.files.scan().collect().schema == pl.Schema(EXPOSURES)
    assert attributed(world.files.scan(), events()).collect()["team"].to_list() == [None, None]
    assert [found.height for found in world.files.of("ada")] == [1]


def test_what_another_share_of_exploration_earns_is_told_of_places_that_could_be_explored():
    rng = np.random.default_rng(8)
    rows = []
    for n in range(600):
        feed = feed_id(rng.bytes(12), Lottery(int(rng.integers(2**32)), 2_000, 50))
        for position in range(10):
            by_chance = position >= FIRST and rng.random() < 0.2
            clicked = position < FIRST or rng.random() < (0.1 if by_chance else 0.5)
            voice = "explore" if by_chance else "personal"
            rows.append((feed, f"r{n % 80}", "personal", position, voice, clicked))
    columns = ["feed_id", "user", "source", "position", "voice", "clicked"]
    found = pl.DataFrame(rows, schema=columns, orient="row")
    told = of_share(found, 0.8)

    assert told.places == 600 * 7
    assert told.logged.value == pytest.approx(0.2 * 0.1 + 0.8 * 0.5, abs=0.03)
    for one in (told.inverse_propensity, told.self_normalised, told.doubly_robust):
        assert one.low <= 0.8 * 0.1 + 0.2 * 0.5 <= one.high
    with pytest.raises(InvalidError, match="too little"):
        of_share(found.filter(pl.col("position") < FIRST), 0.8)
