"""A model that an experiment names ranks its readers' lists as it would rank all if it were served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from recsvc.api.services import Services, opened
from recsvc.api.v1.operations import problems_of
from recsvc.clock import HOUR_US, now_us
from recsvc.core.experiments.experiment import Experiment, Variant
from recsvc.core.items.item import StoredItem
from recsvc.core.model.snapshot import Manifest
from recsvc.core.ranking.voices import VOICES
from recsvc.errors import ConflictError, InvalidError, NotFoundError, StoreUnavailableError
from recsvc.lists import exposures as noting
from recsvc.lists.paging import new_feed_id
from recsvc.lists.shapes import Feed, FeedOptions, Page
from recsvc.live.model import LiveModel
from recsvc.settings import from_environment
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.log.exposures import shown_in
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.pipe import Pipe
from tests.live.test_following import until
from tests.workers.site import Site
from workers.log.exposures import table

pytestmark = pytest.mark.anyio

PAGE = Page(limit=10, explain=True)
PLAIN = FeedOptions(explore=0.0, is_look=True)
NEW = StoredItem(id="new", title="word8 sign8 word16 sign16", created_us=now_us())


class World:
    """A served process, and two models that differ in what they make of readers."""

    def __init__(self, services: Services, site: Site, former: Manifest, later: Manifest) -> None:
        self.services, self.site = services, site
        self.former, self.later = former.snapshot_id, later.snapshot_id

    async def begin(self, *variants: Variant, **more: object) -> Experiment:
        made = Experiment("models", variants, now_us() - HOUR_US)
        made = msgspec.structs.replace(made, **more)
        await self.services.experiment_store._pipe.send(
            "HSET", keys.EXPERIMENTS, made.name, msgspec.json.encode(made)
        )
        await self.services.experiments.refresh()
        return made

    async def feed(self, user: str, options: FeedOptions = PLAIN) -> Feed:
        return await self.services.lists.feeds.feed(user, PAGE, options)

    async def is_at_hand(self, *snapshots: str) -> None:
        live = self.services.live
        await until(lambda: live._model.of_trials.keys() == set(snapshots), "they are at hand")


def of(snapshot_id: str, name: str = "other") -> Variant:
    return Variant(name, settings={"snapshot": snapshot_id})


def plain(feed: Feed) -> list[tuple]:
    return [(one.id, round(one.score, 3), one.reason, one.account.personal) for one in feed.items]


async def another(site: Site, former: Manifest) -> Manifest:
    """Return a later model that hears what like-minded readers went for from the other side."""
    learned = await site.snapshots.load(former.snapshot_id, former.catalogue_id)
    manifest = msgspec.structs.replace(former, snapshot_id=f"{former.snapshot_id}-later")
    factors = np.ascontiguousarray(learned.item_factors[:, ::-1]) * np.float32(0.5)
    later = msgspec.structs.replace(learned, manifest=manifest, item_factors=factors)
    await site.snapshots.save(later)
    await site.snapshots.activate(manifest.snapshot_id)
    return manifest


@asynccontextmanager
async def world_of(redis: Redis, store_url: str, folder: Path) -> AsyncIterator[World]:
    site = Site(redis, folder)
    await site.fill()
    former = await site.train()
    later = await another(site, former)
    await site.put(NEW)
    settings = from_environment(
        {}, data_dir=str(folder), redis_url=store_url, factors=16, train_threads=1
    )
    async with opened(settings) as services:
        yield World(services, site, former, later)


@pytest.fixture
async def world(redis: Redis, store_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(redis, store_url, tmp_path) as found:
        yield found


async def test_a_variant_is_ranked_as_if_its_model_were_served_new_items_too(world):
    await world.services.snapshots.activate(world.former)
    await until(lambda: world.services.live.model.snapshot_id == world.former, "it serves")
    expected = {f"u{n}": await world.feed(f"u{n}") for n in range(6)}
    await world.services.snapshots.activate(world.later)
    await until(lambda: world.services.live.model.snapshot_id == world.later, "it serves")
    usual = {f"u{n}": await world.feed(f"u{n}") for n in range(6)}
    experiment = await world.begin(Variant("control"), of(world.former))
    await world.is_at_hand(world.former)

    seen = set()
    for user, as_served in expected.items():
        variant = experiment.variant_of(user).name
        found = await world.feed(user)
        seen.add(variant)
        assert found.variants == (f"models={variant}",)
        if variant == "other":
            assert found.snapshot_id == world.former == as_served.snapshot_id
            assert plain(found) == plain(as_served) != plain(usual[user])
        else:
            assert found.snapshot_id == world.later
            assert plain(found) == plain(usual[user])
    assert seen == {"control", "other"}
    model = world.services.live.model_of(world.former)
    assert model.n == world.services.live.model.n
    assert model.matrix[world.services.live.catalogue.row_of("new")].nnz


class Interrupted(Pipe):
    """A store that goes once somebody asks for a certain snapshot."""

    lost = ""

    async def send(self, *command: object) -> Any:
        if self.lost and self.lost in command:
            raise StoreUnavailableError("gone in between")
        return await super().send(*command)


async def test_a_store_that_goes_between_two_models_leaves_none_unsaid(world, redis, tmp_path):
    pipe = Interrupted(redis)
    followed = LiveModel(Snapshots(pipe, tmp_path / "cache"))
    catalogue_id = (await world.services.snapshots.manifest(world.later)).catalogue_id
    followed.tried.wanted = {world.former}
    pipe.lost = world.former
    with pytest.raises(StoreUnavailableError):
        await followed.follow(catalogue_id)
    pipe.lost = ""
    followed.tried.wanted = set()

    assert await followed.follow(catalogue_id), "what came before the store went is to be built"
    assert not await followed.follow(catalogue_id)
    await followed.build(1)
    assert followed.model.snapshot_id == world.later


async def test_what_is_shown_of_another_model_is_told_apart_from_what_is_served(world):
    await world.begin(of(world.former, "a"), of(world.former, "b"), is_interleaved=True)
    await world.is_at_hand(world.former)
    await world.feed("u1", FeedOptions(explore=0.0))
    await world.begin(Variant("a"), Variant("b"))
    await world.feed("u1", FeedOptions(explore=0.0))
    await world.services.exposures.stop()
    exposures, _ = await world.services.exposures._log.read()

    shown = [shown_in(one) for one in exposures]
    assert [one.is_tried for one in shown] == [True, False]
    assert [one.snapshot_id for one in shown] == [world.former, world.later]
    assert all(one.took_us > 0 for one in exposures)


async def test_models_are_held_while_an_experiment_names_them_and_no_longer(world):
    made = await world.begin(of(world.former, "a"), of(world.later, "b"))
    await world.is_at_hand(world.former, world.later)
    live = world.services.live
    assert live.model_of(world.later) is not live.model_of(world.former)
    kept = {one.snapshot_id for one in await world.services.snapshots.manifests()}
    await world.services.snapshots.prune(1)
    assert {one.snapshot_id for one in await world.services.snapshots.manifests()} == kept

    await world.begin(*made.variants, ends_us=now_us())
    await world.is_at_hand()
    assert await world.services.snapshots.prune(1) == [world.former]


async def test_where_a_model_is_gone_nobody_is_in_its_experiment_and_it_is_said(world):
    experiment = await world.begin(Variant("control"), of("gone"))
    await until(lambda: world.services.experiments.problems, "it was looked for")

    for n in range(4):
        assert (await world.feed(f"u{n}")).variants is msgspec.UNSET, "whatever the variant"
    (problem,) = world.services.experiments.problems
    assert "'models'" in problem
    assert "no snapshot 'gone'" in problem
    assert problem in problems_of(world.services)
    with pytest.raises(NotFoundError, match="gone"):
        world.services.experiments.forced("models=other")
    await world.begin(*experiment.variants, ends_us=now_us())
    assert world.services.experiments.problems == []


async def test_what_cannot_be_served_or_is_too_many_is_refused(world):
    store, snapshots = world.services.experiment_store, world.services.snapshots
    foreign = msgspec.structs.replace(
        await snapshots.manifest(world.former), snapshot_id="foreign", catalogue_id="another"
    )
    newer = msgspec.structs.replace(
        await snapshots.manifest(world.former), snapshot_id="newer", format_version=10_000
    )
    for manifest in (foreign, newer):
        await snapshots.replace(manifest)

    def new(name: str, *variants: Variant) -> Experiment:
        return Experiment(name, variants, 0, layer=name, traffic=0.1)

    for wrong, why in (
        ("gone", "no snapshot"),
        ("foreign", "another catalogue"),
        ("newer", "reads"),
    ):
        with pytest.raises(InvalidError, match=why):
            await store.create(new("wrong", Variant("a"), of(wrong)), now_us())
    for settings in ({"snapshot": 5}, {"snapshot": ""}):
        with pytest.raises(InvalidError, match="no id of a model"):
            await store.create(new("w", Variant("a"), Variant("b", settings=settings)), now_us())
    await store.create(new("one", of(world.former, "a"), of(world.later, "b")), now_us())
    with pytest.raises(ConflictError, match="another layer changes snapshot"):
        await store.create(new("two", Variant("a"), of(world.former)), now_us())
    third = msgspec.structs.replace(await snapshots.manifest(world.former), snapshot_id="third")
    await snapshots.replace(third)
    crowded = msgspec.structs.replace(new("three", Variant("a"), of("third")), layer="one")
    with pytest.raises(ConflictError, match="2 are tried at a time"):
        await store.create(crowded, now_us())


async def test_of_some_lists_it_is_noted_what_each_voice_said_whatever_it_weighs(
    world, monkeypatch
):
    monkeypatch.setattr(noting, "_PER_POINTS", 1)
    feed = await world.feed("u1", FeedOptions())
    await world.services.exposures.stop()
    exposures, _ = await world.services.exposures._log.read()

    shown = shown_in(exposures[0])
    params = world.services.settings.lists.blend.with_weights(world.services.live.model.weights)
    weights = {voice.name: voice.weight(params) for voice in VOICES if voice.weight(params) > 0}
    assert list(shown.speakers) == list(weights)
    points = np.frombuffer(shown.points, "<f4").reshape(len(shown.items), len(weights) + 1)
    scores = points @ np.array([*weights.values(), 1.0])
    assert scores == pytest.approx([one.score for one in feed.items], abs=1e-3)
    (row,) = table(exposures).iter_rows(named=True)
    assert row["points"] == pytest.approx(points.ravel().tolist())
    assert row["speakers"] == list(weights)


def test_what_is_noted_of_lists_is_noted_of_one_in_eight():
    n = sum(noting.notes_points(new_feed_id()) for _ in range(4_000))

    assert 400 < n < 600
