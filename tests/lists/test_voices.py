"""What a new voice does to feeds, and a feed when voices say what is no number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from recsvc.core.ranking.arrangement import ArrangementParams
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import CommonVoice, Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.profile import Interaction, Profile
from recsvc.lists.feed import Feeds
from recsvc.lists.kit import Kit, Memory, kit
from recsvc.lists.params import ListParams
from recsvc.lists.shapes import Page
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.settings import Settings
from recsvc.store.access.signatures import Signatures
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.pipe import Pipe
from tests.live.test_following import until
from tests.stored import put_all
from tests.workers.training import world
from workers.training.taught import Taught
from workers.training.training import gather, train

pytestmark = pytest.mark.anyio

HISTORY = Profile([Interaction("i3", {"upvote": world.NOW_US}, {}, world.NOW_US)], {})


def weighing(weights: dict[str, float]) -> Settings:
    """Settings with weights of voices, and nothing left to chance."""
    return Settings(
        lists=ListParams(
            blend=BlendParams(weights=weights), arrangement=ArrangementParams(explore=0)
        )
    )


class Picked(CommonVoice):
    """What the editors picked: every seventh item."""

    name, source, reason, words = "picked", "trending", "picked", "Picked; {upvotes} so far"

    def points(self, world):
        return (np.arange(world.catalogue.n) % 7 == 0).astype(np.float32)


@asynccontextmanager
async def recommending(
    store: Redis, folder: Path, settings: Settings, *voices: Voice
) -> AsyncIterator[Kit]:
    pipe = Pipe(store)
    items = Items(pipe)
    await put_all(items, list(world.items(30).values()))
    boards = Boards(pipe, settings.lists.trending)
    cache = ItemCache(items, 100)
    catalogue = LiveCatalogue(items, boards, cache, SearchIndex())
    live = Live(store, catalogue, LiveModel(Snapshots(pipe, folder)))
    params = msgspec.structs.replace(settings.lists, voices=(*VOICES, *voices), depth=30)
    await live.start()
    try:
        yield kit(Memory(live, cache), params, pipe, Signatures(b"secret"))
    finally:
        await live.stop()


async def test_a_voice_given_to_lists_changes_feeds_reasons_and_accounts(
    redis: Redis, tmp_path: Path
):
    settings = weighing({"picked": 40.0})

    async with recommending(redis, tmp_path, settings, Picked()) as tools:
        feed = await Feeds(tools).feed(None, Page(explain=True), history=HISTORY)

    first = feed.items[0]
    assert [item.id for item in feed.items[:5]] == ["i0", "i7", "i14", "i21", "i28"]
    assert (first.reason.kind, first.reason.text) == ("picked", "Picked; 0 upvotes so far")
    assert msgspec.to_builtins(first.account)["picked"] == 40
    assert not feed.stale


@pytest.mark.parametrize("silenced", [{}, {"picked": 0.0}])
async def test_the_served_model_says_how_loud_voices_are_but_those_that_are_silenced(
    redis: Redis, tmp_path: Path, silenced: dict[str, float]
):
    settings, items = weighing(silenced), Items(Pipe(redis))
    snapshots = Snapshots(Pipe(redis), tmp_path)

    async with recommending(redis, tmp_path, settings, Picked()) as tools:
        rows = await items.rows()
        catalogue = {rows[item.id]: item for item in world.items(30).values()}
        of_store = gather(world.events(), catalogue, rows, await items.catalogue_id(), world.NOW_US)
        taught = Taught({"picked": 40.0}).to(train(of_store, world.PARAMS))
        await snapshots.activate((await snapshots.save(taught)).snapshot_id)
        await until(lambda: tools.live.model.weights == {"picked": 40.0}, "the model")
        feed = await Feeds(tools).feed(None, Page(), history=HISTORY)

    is_picked = {item.id for item in feed.items[:5]} == {"i0", "i7", "i14", "i21", "i28"}
    assert is_picked is not bool(silenced)


async def test_when_no_number_comes_of_the_voices_the_feed_falls_back_and_says_so(
    redis: Redis, tmp_path: Path
):
    """Two numbers that each are one, and whose sum is none."""
    loud = weighing({"picked": 3e38, "again": 3e38})
    again = Picked()
    again.name = "again"

    async with recommending(redis, tmp_path, loud, Picked(), again) as tools:
        counted: list[int] = []
        tools.ranker.observe_not_finite = lambda: counted.append(1)
        feed = await Feeds(tools).feed(None, Page(), history=HISTORY)
        ordered = await Feeds(tools).feed(None, Page(), history=Profile([], {}))

    assert (feed.stale, feed.source, counted) == (True, "new", [1])
    assert len(feed.items) == 20
    assert "i3" not in {item.id for item in feed.items}
    assert not ordered.stale
