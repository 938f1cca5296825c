"""An item without readers is folded in as its first ones come, and forgets those who take it back."""

from pathlib import Path

import numpy as np
import pytest

from recsvc.clock import SECOND_US
from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import build, publish, with_warmed
from recsvc.core.text.terms import item_text, term_counts
from recsvc.store import keys
from recsvc.store.connection import Redis
from tests.workers.site import Site
from tests.workers.training import world

pytestmark = pytest.mark.anyio

NEW = StoredItem(id="new", title="word3 sign4 arrived", created_us=world.NOW_US)


@pytest.fixture
async def site(redis: Redis, tmp_path: Path) -> Site:
    """A site with a served model and one item that came after it."""
    made = Site(redis, tmp_path)
    await made.fill()
    await made.train()
    await made.put(NEW)
    return made


def at(seconds: int) -> int:
    return world.NOW_US + seconds * SECOND_US


async def model(site: Site):
    """The model as a serving process builds it."""
    catalogue_id = await site.items.catalogue_id()
    current = await site.snapshots.current()
    assert current is not None
    published = publish(await site.snapshots.load(current, catalogue_id))
    counts = term_counts([item_text(NEW.title, NEW.text)])
    built = build(published, world.N_ITEMS + 1, np.array([world.N_ITEMS]), counts)
    warmed = await site.warmed.read()
    return built if warmed is None else with_warmed(built, warmed)


async def likeness(site: Site, subject: int) -> float:
    """How near the new item is to a subject's items, by factors."""
    learned = (await model(site)).learned
    mine = learned.factors[world.N_ITEMS]
    theirs = learned.factors[subject : world.N_ITEMS : world.SUBJECTS]
    return float((theirs @ mine).mean())


async def test_the_first_readers_of_an_item_place_it_among_what_they_read(site: Site):
    before = await likeness(site, 2)
    for n in range(3):
        await site.act(f"u{2 + n * world.SUBJECTS}", "upvote", "new", at(1))

    assert await site.warmer.run_once(at(2)) == 1

    assert await likeness(site, 2) > before + 0.01
    assert await likeness(site, 2) > await likeness(site, 5)
    learned = (await model(site)).learned
    assert learned.support[world.N_ITEMS] == 3
    assert await site.warmer.run_once(at(3)) == 0, "nothing came since"


async def test_a_vote_taken_back_is_not_counted(site: Site):
    before = await likeness(site, 2)
    await site.act("u2", "upvote", "new", at(1))
    await site.warmer.run_once(at(2))
    assert await likeness(site, 2) != before

    await site.act("u2", "unvote", "new", at(3))
    await site.warmer.run_once(at(4))

    assert await likeness(site, 2) == before


async def test_strangers_place_no_item_once_a_key_exists(site: Site, redis: Redis):
    await redis.set(keys.KEYED, "1")
    before = await likeness(site, 2)
    await site.act(f"{ANONYMOUS}s", "upvote", "new", at(1))

    assert await site.warmer.run_once(at(2)) == 0

    assert await likeness(site, 2) == before


async def test_what_was_folded_in_does_not_outlive_its_snapshot(site: Site):
    await site.act("u2", "upvote", "new", at(1))
    await site.warmer.run_once(at(2))
    warmed = await site.warmed.read()
    assert warmed is not None

    later = await site.train(at_s=60)

    assert warmed.snapshot_id != later.snapshot_id
    assert (await model(site)).learned.support[world.N_ITEMS] == 1, "training has seen the reader"


async def test_impressions_and_items_with_readers_are_left_alone(site: Site):
    await site.act("u2", "impression", "new", at(1))
    await site.act("u2", "upvote", "i7", at(1))

    assert await site.warmer.run_once(at(2)) == 0


async def test_an_item_that_comes_right_after_a_look_at_the_catalogue_is_not_forgotten(site: Site):
    await site.warmer.run_once(at(1))
    await site.put(StoredItem(id="newer", title="word3 sign4 again", created_us=world.NOW_US))
    await site.act("u2", "upvote", "newer", at(2))

    assert await site.warmer.run_once(at(2)) == 0, "its row is not known yet"

    assert await site.warmer.run_once(at(20)) == 1
