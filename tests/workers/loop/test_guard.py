"""The online guard: a worse model goes within the hour, another as good stays."""

from pathlib import Path

import numpy as np
import pytest

from recsvc.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from recsvc.core.experiments.guard import kind_of
from recsvc.core.model.snapshot import Manifest, Verdict
from recsvc.store.connection import Redis
from recsvc.store.models.serving import earlier
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training, Trusted
from recsvc.store.pipe import Pipe
from tests.workers.shown_and_done import write_done, write_shown
from workers.log.archive import Archive
from workers.log.exposures import ExposureFiles
from workers.loop.guard import OnlineGuard, advanced
from workers.loop.served import Served
from workers.training.params import GuardParams

GOOD, NEW, NEWER = "2026-01-01", "2026-01-02", "2026-01-03"
PLACES = 4
N = 200
LATE_US = 2 * MINUTE_US


class World:
    """A day of lists by one model, then a newer one, told to the guard minute by minute.

    Attributes:
        begins: when the newer model is published; an hour begins then.
    """

    def __init__(self, redis: Redis, folder: Path, params: GuardParams | None = None) -> None:
        pipe = Pipe(redis)
        self.snapshots, self.training = Snapshots(pipe, folder / "cache"), Training(pipe)
        self.files = ExposureFiles(folder / "exposures")
        self.archive = Archive(folder / "archive")
        served = Served(self.files, self.archive)
        self.guard = OnlineGuard(
            self.snapshots, self.training, self.files, served, params or GuardParams()
        )
        self.begins = 20_500 * DAY_US + 14 * HOUR_US

    async def published(self, snapshot_id: str) -> None:
        manifest = Manifest(
            snapshot_id=snapshot_id, catalogue_id="c", created_us=0, n_rows=0, n_items=0, n_events=0,
            verdict=Verdict(True, "it is better"),
        )  # fmt: skip
        await self.snapshots.replace(manifest)
        await self.snapshots.activate(snapshot_id)

    def served(self, snapshot_id: str, since: int, until: int, rate: float) -> None:
        """Have readers served every half an hour; acts come a minute later."""
        rng = np.random.default_rng(since % 1_000_003)
        shown, done = [], []
        for at in range(since, until, HOUR_US // 2):
            for n in range(N):
                feed, moment = f"{at}-{n}", at + n * SECOND_US
                items = [f"i{k}" for k in range(PLACES)]
                lists = (
                    list(range(PLACES)),
                    items,
                    ["personal"] * PLACES,
                    *([[None] * PLACES] * 2),
                )
                shown.append((feed, f"r{n}", moment, 1.0, [], "personal", snapshot_id, *lists))
                for k in np.flatnonzero(rng.random(PLACES) < rate):
                    when = moment + MINUTE_US
                    done.append((len(done), feed, f"r{n}", f"i{k}", int(k), "click", when))
        write_shown(self.files, shown, until)
        write_done(self.archive, done, until)

    def served_before(self) -> None:
        """Have the good model serve lists at this time of yesterday, and until now."""
        for back in (25, 2):
            since = self.begins - back * HOUR_US
            self.served(GOOD, since, since + 2 * HOUR_US, 0.2)

    async def guarded(self, now: int) -> str | None:
        return await self.guard.run_once(now, LATE_US)

    async def since(self, rate: float, hours: int = 1) -> int | None:
        """Serve the newer model; return after how many minutes it was rolled back, if it was."""
        await self.published(GOOD)
        self.served_before()
        assert await self.guarded(self.begins) is None
        await self.published(NEW)
        for half in range(2 * hours):
            since = self.begins + half * HOUR_US // 2
            self.served(NEW, since, since + HOUR_US // 2, rate)
        for minute in range(0, 60 * hours, 10):
            if await self.guarded(self.begins + minute * MINUTE_US) is not None:
                return minute
        return None


@pytest.fixture
def world(redis: Redis, tmp_path: Path) -> World:
    return World(redis, tmp_path)


async def test_a_worse_model_is_rolled_back_within_the_hour_and_no_other_follows(world):
    assert await world.since(0.08) is not None

    assert await world.snapshots.current() == GOOD
    assert await world.training.held() == GOOD
    assert await world.training.is_resting()
    assert (await world.training.outcomes())["rolled_back"] == 1
    assert "acts per place fell from 2" in world.guard.problem
    marked = await world.snapshots.manifest(NEW)
    assert not marked.was_published
    assert "surely by" in marked.rolled_back


@pytest.mark.parametrize(("rate", "is_the_model"), [(0.08, False), (0.2, True)])
async def test_what_is_no_better_without_the_model_was_not_the_model(world, rate, is_the_model):
    """A page that reports fewer clicks, a holiday: readers go for the model before as little."""
    rolled_back = await world.since(0.08)
    assert rolled_back is not None
    since = world.begins + HOUR_US
    for half in range(4):
        at = since + half * HOUR_US // 2
        world.served(GOOD, at, at + HOUR_US // 2, rate)
    await world.guarded(since + 2 * HOUR_US)

    assert (await world.training.held() == GOOD) is is_the_model
    assert (await world.snapshots.current() == GOOD) is is_the_model
    assert (world.guard.problem is not None) is is_the_model
    assert (await world.snapshots.manifest(NEW)).was_published is not is_the_model


async def test_after_a_rollback_that_was_taken_back_models_are_held_against_what_is_usual_now(
    world,
):
    await world.since(0.08)
    since = world.begins + HOUR_US
    for half in range(4):
        at = since + half * HOUR_US // 2
        world.served(GOOD, at, at + HOUR_US // 2, 0.08)
    await world.guarded(since + 2 * HOUR_US)
    await world.published(NEWER)
    at = since + 2 * HOUR_US
    world.served(NEWER, at, at + HOUR_US, 0.08)

    assert await world.guarded(at + HOUR_US) is None
    assert await world.snapshots.current() == NEWER


async def test_what_was_rolled_back_is_never_gone_back_to(world):
    await world.since(0.08)
    await world.training.release()
    await world.published(NEWER)

    assert earlier(await world.snapshots.manifests(), NEWER) == GOOD


@pytest.mark.parametrize("rate", [0.2, 0.3])
async def test_a_model_as_good_or_better_stays(world, rate):
    assert await world.since(rate, hours=2) is None
    assert await world.snapshots.current() == NEW
    assert world.guard.problem is None


async def test_what_is_switched_off_or_held_by_a_person_stays(redis, tmp_path):
    off = World(redis, tmp_path, GuardParams(is_on=False))
    assert await off.since(0.08) is None

    held = World(redis, tmp_path)
    await held.training.hold(NEW)
    assert await held.guarded(held.begins + HOUR_US) is None
    assert await held.snapshots.current() == NEW
    assert held.guard.problem is None


async def test_models_that_follow_each_other_fast_are_judged_together(world):
    await world.published(GOOD)
    world.served_before()
    await world.guarded(world.begins)
    names = [f"2026-01-02-{n:02}" for n in range(8)]
    for n, name in enumerate(names):
        await world.published(name)
        since = world.begins + n * 5 * MINUTE_US
        world.served(name, since, since + 1, 0.08)
        trusted = await world.training.trusted()
        await world.snapshots.prune(2, (trusted.trusted, trusted.next))
    await world.guarded(world.begins + HOUR_US)

    assert await world.snapshots.current() == GOOD


def test_a_model_is_trusted_an_hour_and_enough_readers_after_it_was_published():
    known = advanced(None, [GOOD], 0, 0)
    assert known == Trusted(GOOD, GOOD, 0)
    known = advanced(known, [NEW, GOOD], 0, 5)
    assert known == Trusted(GOOD, NEW, 5)
    assert advanced(known, [NEWER, NEW, GOOD], 999, HOUR_US) == known, "not an hour"
    assert advanced(known, [NEWER, NEW, GOOD], 9, 2 * HOUR_US) == known, "too few readers"
    assert advanced(known, [NEWER, NEW, GOOD], 999, 2 * HOUR_US) == Trusted(NEW, NEWER, 2 * HOUR_US)
    assert advanced(known, [NEWER, NEW, GOOD], 9, 2 * DAY_US).trusted == NEW
    assert advanced(known, [NEWER, GOOD], 999, 2 * HOUR_US) == Trusted(GOOD, NEWER, 2 * HOUR_US)


def test_hours_of_weekends_are_of_another_kind():
    thursday = 0
    kinds = [kind_of(thursday + 24 * day + 9) for day in range(7)]
    assert kinds == [9, 9, 33, 33, 9, 9, 9]
    assert kind_of(thursday + 10) == 10


async def test_what_an_experiment_shows_of_another_model_says_nothing_of_the_one_that_is_served(
    world,
):
    at = world.begins
    places = ([0], ["i0"], ["personal"], [None], [None])
    rows = [
        (f"f{n}", f"r{n}", at, 1.0, [], "personal", GOOD, *places, is_tried)
        for n, is_tried in enumerate((False, True, None))
    ]
    write_shown(world.files, rows, at + MINUTE_US)
    found = Served(world.files, world.archive).by(at + 2 * HOUR_US, LATE_US)

    assert found["places"].to_list() == [1, 1], "and of a former release all are the served one's"
