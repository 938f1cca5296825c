"""How the loop fares, held against a recount that is as plain as it gets."""

from collections import Counter
from math import log2
from pathlib import Path
from statistics import mean, median

import numpy as np
import pytest

from recsvc.api.console.charts import charts
from recsvc.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, now_us
from recsvc.core.items.item import Organisation, StoredItem
from recsvc.core.loop import Hour, TargetParams, gini, off_target
from recsvc.errors import SettingsError
from recsvc.settings import from_environment
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.log.loop import KEPT_HOURS, LoopStore
from recsvc.store.pipe import Pipe
from tests.workers.shown_and_done import write_done, write_shown
from workers.log.archive import Archive
from workers.log.exposures import EXPOSURES, ExposureFiles
from workers.loop.health import LoopHealth, due

TOPICS = ("vision", "language", "speech")
NAMES = list(EXPOSURES)


class World:
    """Ten days of made-up lists and clicks on forty items, some of them young and one hidden.

    Attributes:
        at: when the hour began that is looked at.
    """

    def __init__(self, redis: Redis, folder: Path) -> None:
        pipe = Pipe(redis)
        self.items, self.store = Items(pipe), LoopStore(pipe)
        self.files = ExposureFiles(folder / "exposures")
        self.archive = Archive(folder / "archive")
        self.health = LoopHealth(self.store, self.files, self.archive, self.items)
        self.at = now_us() // HOUR_US * HOUR_US - 30 * HOUR_US
        self.catalogue = [self._item(n) for n in range(40)]
        self.shown: list[tuple] = []
        self.done: list[tuple] = []

    def _item(self, n: int) -> StoredItem:
        arrived_us = self.at + HOUR_US // 2 - n * DAY_US // 3
        return StoredItem(
            id=f"i{n}", title=f"t{n}", created_us=arrived_us, hidden=n == 39,
            topics=TOPICS[: n % 4], organisation=Organisation(name="O", slug="o") if n % 5 else None,
        )  # fmt: skip

    async def begun(self) -> None:
        rng = np.random.default_rng(7)
        for hours in range(-10 * 24, 4):
            for n in range(12 if hours == 0 else 2):
                self._serve(rng, self.at + hours * HOUR_US + int(rng.integers(HOUR_US)), n)
        by_hour: dict[int, list[tuple]] = {}
        for row in self.shown:
            by_hour.setdefault(row[2] // HOUR_US, []).append(row)
        for hour, rows in by_hour.items():
            write_shown(self.files, rows, (hour + 1) * HOUR_US)
        write_done(self.archive, self.done, self.at + 30 * HOUR_US)
        made = {item.id: (lambda _, item=item: item) for item in self.catalogue}
        await self.items.change(made)

    def _serve(self, rng: np.random.Generator, at: int, n: int) -> None:
        there = [item.id for item in self.catalogue if item.created_us <= at]
        items = list(rng.choice(there[:25], 6, replace=False))
        feed, user = f"f{len(self.shown)}", f"r{rng.integers(8)}"
        source = "personal" if rng.random() < 0.8 else "trending"
        voices = list(rng.choice(["personal", "similar", "explore"], 6))
        nothing = [None] * 6
        row = (
            feed,
            user,
            at,
            1.0,
            [],
            source,
            "s",
            list(range(6)),
            items,
            voices,
            nothing,
            nothing,
        )
        self.shown.append(row)
        for position, item in enumerate(items):
            if rng.random() < 0.2:
                late = int(rng.integers(30 * HOUR_US)) if position else SECOND_US
                clicked = (len(self.done), feed, user, item, position, "click", at + late)
                self.done.append(clicked)

    def places(self, since: int, until: int) -> list[dict]:
        lists = [
            dict(zip(NAMES, row, strict=False)) for row in self.shown if since <= row[2] < until
        ]
        return [
            {**one, "item": item, "voice": one["voices"][n], "n": n}
            for one in lists
            for n, item in enumerate(one["items"])
        ]

    def clicked(self, place: dict) -> bool:
        return any(
            (feed, item) == (place["feed_id"], place["item"]) and at - place["at_us"] <= DAY_US
            for _, feed, _, item, _, _, at in self.done
        )


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    made = World(redis, tmp_path)
    await made.begun()
    return made


async def counted(world: World, at_us: int) -> Hour:
    await world.health._know_catalogue(at_us)
    return world.health._despite_damage(world.at, None, at_us)


async def test_each_figure_is_that_of_a_recount(world):
    hour = await counted(world, world.at + 30 * HOUR_US)
    end = world.at + HOUR_US
    now, day = world.places(world.at, end), world.places(end - DAY_US, end)
    lists = {one["feed_id"]: one["source"] for one in now}
    listed = {item.id: item for item in world.catalogue if not item.hidden}

    assert (hour.lists, hour.readers) == (len(lists), len({one["user"] for one in now}))
    assert hour.fallback == pytest.approx(mean(source != "personal" for source in lists.values()))
    for voice, came in hour.voices.items():
        theirs = [one for one in now if one["voice"] == voice]
        assert (came.places, came.clicked) == (len(theirs), sum(map(world.clicked, theirs)))
    assert hour.all.places == len(now)

    n = Counter(one["item"] for one in day if one["item"] in listed)
    assert hour.coverage == pytest.approx(len(n) / len(listed))
    each = [n[item] for item in listed]
    pairs = sum(abs(a - b) for a in each for b in each)
    assert hour.gini == pytest.approx(pairs / (2 * len(each) * sum(each)))

    acts = Counter(
        item for *_, item, _, _, at in world.done if world.at - 7 * DAY_US <= at < world.at
    )
    bits = {
        item.id: -log2((acts[item.id] + 1) / (acts.total() + len(listed)))
        for item in world.catalogue
    }
    novelty = mean(bits[one["item"]] for one in now)
    acted = sum(bits[item] * n for item, n in acts.items()) / acts.total()
    assert (hour.novelty, hour.drift) == pytest.approx((novelty, acted - novelty))

    arrived = {item.id: item.created_us for item in world.catalogue}
    cold = [one for one in now if one["at_us"] - arrived[one["item"]] < 2 * DAY_US]
    assert cold
    assert (hour.cold.places, hour.cold.clicked) == (len(cold), sum(map(world.clicked, cold)))
    for told in hour.topics:
        having = {item.id for item in world.catalogue if told.name in item.topics}
        assert told.shown == pytest.approx(mean(one["item"] in having for one in now))
        assert told.listed == pytest.approx(len(having & set(listed)) / len(listed))
    assert [told.name for told in hour.organisations] == ["o"]


async def test_echo_and_first_exposure_are_those_of_a_recount(world):
    hour = await counted(world, world.at + 30 * HOUR_US)
    end = world.at + HOUR_US
    middle = world.at + HOUR_US // 2 - 7 * DAY_US
    now = world.places(world.at, end)
    before = world.places(middle - DAY_US // 2, middle + DAY_US // 2)
    topics = {item.id: item.topics for item in world.catalogue}

    def shares(places: list[dict], user: str) -> dict[str, float]:
        told = Counter(t for one in places if one["user"] == user for t in topics[one["item"]])
        return {topic: n / told.total() for topic, n in told.items()}

    def items(places: list[dict], user: str) -> set[str]:
        return {one["item"] for one in places if one["user"] == user}

    both = {one["user"] for one in now} & {one["user"] for one in before}
    assert len(both) > 3
    alike = mean(
        sum(min(share, shares(before, user).get(topic, 0)) for topic, share in shares(now, user).items())
        for user in both
    )  # fmt: skip
    again = mean(len(items(now, u) & items(before, u)) / len(items(now, u)) for u in both)
    assert (hour.echo, hour.repeated) == pytest.approx((alike, again))

    young = {i.id: i.created_us for i in world.catalogue if i.created_us >= end - 7 * DAY_US}
    own = [one for one in world.places(0, end) if one["source"] == "personal"]
    first = {
        item: min((o["at_us"] for o in own if o["item"] == item), default=None) for item in young
    }
    met = [at - young[item] for item, at in first.items() if at is not None and at >= world.at]
    assert hour.n_first == len(met)
    assert hour.first_s == (pytest.approx(median(met) / SECOND_US) if met else None)
    assert hour.n_waiting == sum(at is None for at in first.values())


async def test_what_has_a_target_is_told_beside_it_also_where_it_was_not_shown(world):
    plain = await counted(world, world.at + 30 * HOUR_US)
    shown = {one.name: one.shown for one in plain.topics}
    first = plain.topics[0].name
    targets = TargetParams(topics={first: 0.5, "Nobody's": 0.2}, organisations={"o": 1.0})
    world.health = LoopHealth(world.store, world.files, world.archive, world.items, targets)
    hour = await counted(world, world.at + 30 * HOUR_US)

    told = {one.name: (one.shown, one.target) for one in hour.topics}
    assert told[first] == (shown[first], 0.5)
    assert told["Nobody's"] == (0.0, 0.2)
    assert {name: one[0] for name, one in told.items() if name != "Nobody's"} == shown
    assert [one.target for one in plain.topics] == [None] * len(plain.topics)
    assert off_target(hour.topics) == pytest.approx(abs(shown[first] - 0.5) + 0.2)
    assert off_target(plain.topics) is None
    (chart,) = [one for one in charts([plain, hour]) if one.key == "targets"]
    assert [line.name for line in chart.lines] == ["topics", "organisations"]
    assert chart.lines[0].latest == f"{off_target(hour.topics):.1%}"
    assert "targets" not in {one.key for one in charts([plain])}


def test_targets_that_are_no_shares_are_refused():
    for wrong in ('{"a": 1.2}', '{"a": -0.1}', str({f"t{n}": 0.01 for n in range(21)})):
        with pytest.raises(SettingsError, match="RECSVC_TOPIC_TARGETS"):
            from_environment({"RECSVC_TOPIC_TARGETS": wrong.replace("'", '"')})


async def test_an_hour_is_counted_until_it_is_over_and_its_clicks_once_more(world):
    end = world.at + HOUR_US

    def wanted(now: int, *, counted_us: int | None) -> bool:
        kept = {} if counted_us is None else {world.at: Hour(at_us=world.at, counted_us=counted_us)}
        return world.at in set(due(kept, now))

    assert wanted(end - 1, counted_us=end - 2)
    assert wanted(end + MINUTE_US, counted_us=end - 2)
    assert not wanted(end + HOUR_US, counted_us=end + 6 * MINUTE_US)
    assert wanted(end + 25 * HOUR_US, counted_us=end + 6 * MINUTE_US)
    assert not wanted(end + 26 * HOUR_US, counted_us=end + 25 * HOUR_US)
    assert wanted(end, counted_us=None)
    assert not wanted(end + 30 * HOUR_US, counted_us=None)

    await world.health._know_catalogue(end)
    early = world.health._despite_damage(world.at, None, end + 6 * MINUTE_US)
    late = world.health._despite_damage(world.at, early, end + 26 * HOUR_US)
    anew = await counted(world, end + 26 * HOUR_US)
    assert late.voices == anew.voices
    assert (late.coverage, late.echo, late.topics) == (early.coverage, early.echo, early.topics)


async def test_what_comes_into_a_file_late_is_counted_all_the_same(world):
    early = await counted(world, world.at + MINUTE_US)
    n_shown, n_done = len(world.shown), len(world.done)
    rng = np.random.default_rng(8)
    for n in range(20):
        world._serve(rng, world.at - MINUTE_US - n, n)
    at = world.at + 2 * MINUTE_US
    write_shown(world.files, world.shown[n_shown:], at)
    write_done(world.archive, world.done[n_done:], at)
    late = await counted(world, world.at + 30 * HOUR_US)
    world.health = LoopHealth(world.store, world.files, world.archive, world.items)
    anew = await counted(world, world.at + 30 * HOUR_US)

    assert (late.gini, late.novelty) == (anew.gini, anew.novelty)
    assert early.gini != late.gini
    assert early.novelty != late.novelty


async def test_what_is_kept_is_bounded_and_names_no_reader(world, redis):
    now = world.at + 3 * HOUR_US + 6 * MINUTE_US
    while await world.health.run_once(now) > 1:
        pass
    found = await world.store.hours(now - DAY_US, now)
    kept = b"".join((await redis.hgetall(keys.LOOP)).values())

    assert len(found) == 24
    assert any(hour.lists for hour in found)
    assert not any(f"r{n}".encode() in kept for n in range(8))
    assert max(map(len, (await redis.hvals(keys.LOOP)))) < 2_000
    hours_later = now + (KEPT_HOURS - 2) * HOUR_US
    await world.store.keep(Hour(at_us=hours_later, counted_us=hours_later))
    assert await redis.hlen(keys.LOOP) < len(found)


def test_gini_is_nothing_for_all_alike_and_one_for_all_to_one():
    assert gini(np.array([3, 3, 3]), 3) == pytest.approx(0)
    assert gini(np.array([5]), 1_000) == pytest.approx(0.999)
    assert gini(np.array([], np.int64), 10) is None
