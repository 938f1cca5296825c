"""What a worker finds of an experiment in the files of what was shown and done."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from recsvc.clock import DAY_US, SECOND_US, now_us
from recsvc.core.experiments.experiment import Experiment, Variant, dealt
from recsvc.core.experiments.report import MEASURES, Figure
from recsvc.store.connection import Redis
from recsvc.store.models.experiments import ExperimentStore
from recsvc.store.pipe import Pipe
from tests.workers.shown_and_done import write_done, write_shown
from workers.experiments import Measuring
from workers.log.archive import Archive
from workers.log.exposures import ExposureFiles

N = 600


class World:
    """Readers who are served four lists each, on two days, and click as their variant has them."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.store = ExperimentStore(Pipe(redis))
        self.files = ExposureFiles(folder / "exposures")
        self.archive = Archive(folder / "archive")
        self.measuring = Measuring(self.store, self.files, self.archive)
        self.now = now_us()
        variants = (Variant("control"), Variant("other", settings={"diversity": 0.5}))
        self.experiment = Experiment("x", variants, self.now - 5 * DAY_US)

    async def begun(self, **changes: object) -> None:
        made = msgspec.structs.replace(self.experiment, **changes)
        await self.store._pipe.send("HSET", "rs:{site}:experiments", "x", msgspec.json.encode(made))

    def served(self, click_share: dict[str, float]) -> None:
        """Write what was shown and done; who reads two days later returns."""
        rng = np.random.default_rng(5)
        shown, done = [], []
        for n in range(N):
            user = f"r{n}"
            variant = self.experiment.variant_of(user)
            assert variant is not None
            for k in range(4):
                at = self.now - (3 if k < 2 or n % 2 else 1) * DAY_US
                feed, items = f"f{n}-{k}", [f"{variant.name}-{k}", "both"]
                what = (["personal"] * 2, [None] * 2, [None] * 2)
                variants = [f"x={variant.name}", "xy=other"]
                shown.append((feed, user, at, 1.0, variants, "personal", "s", [0, 1], items, *what))
                if rng.random() < click_share[variant.name]:
                    done.append((n * 4 + k, feed, user, "both", 1, "click", at + SECOND_US))
        write_shown(self.files, shown, self.now)
        write_done(self.archive, done, self.now)


@pytest.fixture
def world(redis: Redis, tmp_path: Path) -> World:
    return World(redis, tmp_path)


async def test_rates_are_those_of_a_recount_by_variant(world):
    await world.begun()
    world.served({"control": 0.1, "other": 0.3})
    assert await world.measuring.run_once(world.now) == 1
    found = await world.store.report("x")

    assert found is not None
    assert sum(arm.readers for arm in found.arms) == N
    assert [arm.lists for arm in found.arms] == [4 * arm.readers for arm in found.arms]
    assert [arm.items for arm in found.arms] == [5, 5]
    rates = [arm.figures["clicks"].value for arm in found.arms]
    assert rates == pytest.approx([0.1, 0.3], abs=0.04)
    assert found.arms[0].figures["returns"].value == pytest.approx(0.5, abs=0.08)
    assert "other: higher" in found.verdict("clicks")
    assert "too little to say yet" in found.verdict("votes")
    assert not found.is_mismatched
    assert found.crossed == 0


async def test_who_was_shown_two_variants_is_left_out_and_told_of(world):
    await world.begun()
    world.served({"control": 0.1, "other": 0.1})
    before = world.files.scan().collect()
    other = before.filter(pl.col("user").is_in(["r1", "r2"])).with_columns(
        pl.col("variants").list.eval(
            pl.when(pl.element() == "x=control")
            .then(pl.lit("x=other"))
            .otherwise(pl.lit("x=control"))
        ),
        pl.col("at_us") + 1,
    )
    world.files.write(other, world.now + 1)
    await world.measuring.run_once(world.now)
    found = await world.store.report("x")

    assert found is not None
    assert (found.crossed, sum(arm.readers for arm in found.arms)) == (2, N - 2)


@pytest.mark.parametrize(
    ("is_guarded", "share", "ends"), [(True, 0.02, True), (False, 0.02, False), (True, 0.3, False)]
)
async def test_one_that_is_guarded_ends_where_a_variant_is_surely_worse(
    world, is_guarded, share, ends
):
    await world.begun(is_guarded=is_guarded)
    world.served({"control": 0.3, "other": share})
    await world.measuring.run_once(world.now)

    assert (await world.store.get("x")).has_ended(world.now) == ends


GOOD = {"items": 12, "empty": 0.02, "took_ms": 10.0}


def made(world: World, like: dict[str, dict[str, float]]) -> None:
    """Write lists of each variant: of how many items, how many empty, and how long they took."""
    rng = np.random.default_rng(7)
    shown = []
    for n in range(N):
        variant = world.experiment.variant_of(f"r{n}").name
        of = GOOD | like.get(variant, {})
        for k in range(4):
            is_empty = rng.random() < of["empty"]
            items = [] if is_empty else [f"i{i}" for i in rng.integers(0, of["items"], 5)]
            nothing = [None] * len(items)
            places = (list(range(len(items))), items, ["personal"] * len(items), nothing, nothing)
            took = int(1_000 * rng.lognormal(np.log(of["took_ms"]), 0.5))
            at, named = world.now - DAY_US + k, [f"x={variant}"]
            whose = (f"f{n}-{k}", f"r{n}", at, 1.0, named)
            shown.append((*whose, "personal", "s", *places, False, took))
    write_shown(world.files, shown, world.now)


@pytest.mark.parametrize(
    ("like", "measure"),
    [
        ({"took_ms": 10.5}, None),
        ({"took_ms": 20.0}, "latency"),
        ({"took_ms": 10_000.0}, "latency"),
        ({"empty": 0.3}, "empty"),
        ({"items": 6}, "breadth"),
    ],
)
async def test_a_variant_ends_by_itself_that_is_slow_narrow_or_empty(world, like, measure):
    await world.begun(is_guarded=True)
    made(world, {"other": like})
    await world.measuring.run_once(world.now)
    one, found = await world.store.get("x"), await world.store.report("x")

    assert one.has_ended(world.now) == (measure is not None)
    assert list(one.stopped) == ([] if measure is None else ["other"])
    control, other = (arm.figures for arm in found.arms)
    assert control["latency"].value == pytest.approx(11.3, rel=0.1)
    assert control["breadth"].value == pytest.approx(12, rel=0.05)
    if measure is not None:
        why = (
            f"{MEASURES[measure]}: {other[measure].value:.4g} against {control[measure].value:.4g}"
        )
        assert why in one.stopped["other"]


async def test_of_three_variants_only_the_worse_one_is_stopped_and_stands_as_it_did(world):
    variants = (*world.experiment.variants, Variant("slow", settings={"diversity": 0.9}))
    world.experiment = msgspec.structs.replace(world.experiment, variants=variants, is_guarded=True)
    await world.begun(variants=variants, is_guarded=True)
    made(world, {"slow": {"took_ms": 50.0}})
    await world.measuring.run_once(world.now)
    one, before = await world.store.get("x"), await world.store.report("x")
    assert list(one.stopped) == ["slow"]
    assert not one.has_ended(world.now)
    of = {f"r{n}": world.experiment.variant_of(f"r{n}").name for n in range(N)}
    for user, variant in of.items():
        in_it = [found.name for _, found in dealt(user, [one], world.now)]
        assert in_it == ([] if variant == "slow" else [variant]), "nobody is dealt anew"

    lists = world.files.scan().collect()
    slow = pl.col("variants").list.contains("x=slow")
    later = lists.filter(~slow).with_columns(pl.col("feed_id") + "-later", pl.col("at_us") + 10)
    new = (pl.col("user") + "-new", pl.col("feed_id") + "-new")
    world.files.write(pl.concat([later, later.with_columns(*new)]), world.now + 1)
    await world.measuring.run_once(world.now)
    after = await world.store.report("x")
    assert after.arms[2] == before.arms[2]
    assert after.arms[0].lists == 3 * before.arms[0].lists
    assert not after.is_mismatched, "fewer came to what was stopped, as meant"


async def test_before_anybody_was_shown_anything_there_is_a_report_of_nothing(world):
    await world.begun()
    await world.measuring.run_once(world.now)
    found = await world.store.report("x")

    assert found is not None
    assert [arm.readers for arm in found.arms] == [0, 0]
    assert "too little to say yet" in found.verdict("clicks")


async def test_of_an_interleaved_list_a_click_counts_for_whose_pick_it_was(world):
    await world.begun(is_interleaved=True)
    rng = np.random.default_rng(6)
    shown, done = [], []
    for n in range(N):
        teams = [0, 1, None] if rng.random() < 0.5 else [1, 0, None]
        place = 2 if rng.random() < 0.2 else teams.index(int(rng.random() < 0.75))
        at = world.now - DAY_US
        lists = ([0, 1, 2], ["a", "b", "c"], ["personal"] * 2 + ["explore"], [None] * 3, teams)
        feed, user = f"f{n}", f"r{n}"
        shown.append((feed, user, at, 1.0, ["x=interleaved"], "personal", "s", *lists))
        done.append((n, feed, user, "abc"[place], place, "click", at + SECOND_US))
    write_shown(world.files, shown, world.now)
    write_done(world.archive, done, world.now)
    await world.measuring.run_once(world.now)
    found = await world.store.report("x")

    assert found is not None
    ours, theirs = (arm.figures["clicks"] for arm in found.arms)
    assert (ours.value, theirs.value) == pytest.approx((0.2, 0.6), abs=0.05)
    assert theirs.against.low <= 0.4 <= theirs.against.high
    assert "other: higher" in found.verdict("clicks")
    assert [arm.readers for arm in found.arms] == [N, N]
    assert "returns" not in found.measures


async def test_what_readers_did_before_it_began_narrows_the_interval(world):
    await world.begun()

    def lived(days_ago: int, seed: int) -> None:
        """Have everybody served four lists; a third of the readers click on most."""
        rng = np.random.default_rng(seed)
        shown, done = [], []
        for n in range(4 * N):
            user, at = f"r{n % N}", world.now - days_ago * DAY_US
            variants = [f"x={world.experiment.variant_of(user).name}"] if days_ago < 5 else []
            what = ([0], ["both"], ["personal"], [None], [None])
            shown.append((f"{at}-{n}", user, at, 1.0, variants, "personal", "s", *what))
            if rng.random() < (0.8 if n % N % 3 == 0 else 0.05):
                done.append((n, f"{at}-{n}", user, "both", 0, "click", at + SECOND_US))
        write_shown(world.files, shown, world.now - days_ago * DAY_US + SECOND_US)
        write_done(world.archive, done, world.now - days_ago * DAY_US + SECOND_US)

    async def clicks() -> Figure:
        await world.measuring.run_once(world.now)
        return (await world.store.report("x")).arms[1].figures["clicks"]

    lived(2, seed=1)
    without = await clicks()
    lived(8, seed=2)
    world.measuring = Measuring(world.store, world.files, world.archive)
    found = await clicks()

    assert without.explained == pytest.approx(0)
    assert found.explained > 0.5
    assert found.value == without.value
    assert found.against.high - found.against.low < 0.8 * (
        without.against.high - without.against.low
    )
