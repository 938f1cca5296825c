"""What `recsvc estimate` weighs: every family of keys, by the server's own figures."""

import re

import msgspec
import pytest

from recsvc.core.items.item import StoredItem
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.memory import GROWS_WITH, Expected, Family, family_of, measure, projected
from recsvc.store.pipe import Pipe
from tests.stored import put_all

pytestmark = pytest.mark.anyio

NOW_US = 1_763_000_000_000_000
PER_READER = 10
AS_IT_IS = Expected(
    items=0,
    readers=0,
    events_per_day=0,
    subscribers=0,
    remembered_days=6,
    archive_every_s=60,
    snapshots=5,
)


async def filled(redis: Redis, n: int) -> None:
    """Make n items and n readers, who each upvote ten of them."""
    pipe = Pipe(redis)
    items = [
        StoredItem(id=f"item-{i:05}", title=f"Title {i:05}", text="words " * 30, created_us=NOW_US)
        for i in range(n)
    ]
    await put_all(Items(pipe), items)
    entries = [
        Entry(
            f"reader-{r:05}",
            f"item-{(r * 7 + i) % n:05}",
            "upvote",
            NOW_US + i,
            NOW_US + i,
            event_id=f"{r}-{i}",
        )
        for r in range(n)
        for i in range(PER_READER)
    ]
    log = EventLog(pipe, KINDS, EventLogParams())
    for start in range(0, len(entries), 500):
        await log.record(entries[start : start + 500], [False] * 500)


def test_every_kind_of_key_is_known_to_grow_or_not():
    documented = set(re.findall(r"^rs:\S+", keys.__doc__ or "", re.MULTILINE))
    assert len(documented) > 40

    assert {family_of(key.replace("{s}", "{7}")) for key in documented} == set(GROWS_WITH)


def test_ids_with_colons_and_braces_do_not_hide_their_family():
    assert family_of(keys.profile(3, "a:b}:c")) == "profile"
    assert family_of(keys.votes("hf:1}:x")) == "votes"
    assert family_of(keys.snapshot_chunk("s:1", 2)) == "snap"


async def test_what_is_there_is_weighed_and_counted(redis: Redis):
    await filled(redis, 400)

    held = await measure(redis)

    assert held.counts["item"] == held.counts["reader"] == 400
    assert held.counts["event"] == 400 * PER_READER
    by_name = {family.name: family for family in held.families}
    # More profiles than are sampled: the sum is an estimate, and all are alike here.
    weights = [await redis.memory_usage(key) async for key in redis.scan_iter("rs:*:profile:*")]
    assert by_name["profile"].n_keys == 400
    assert by_name["profile"].size_bytes == pytest.approx(sum(weights), rel=0.02)
    assert by_name["items"].size_bytes > 400 * len("words " * 30)
    assert held.size_bytes < held.used_bytes


async def test_an_estimate_from_a_part_is_right_about_the_whole(redis: Redis):
    await filled(redis, 500)
    part = await measure(redis)
    wanted = msgspec.structs.replace(
        AS_IT_IS,
        items=2_000,
        readers=2_000,
        events_per_day=round(2_000 * PER_READER / 6),
        archive_every_s=6 * 86_400,
    )
    estimated = sum(projected(family, part.counts, wanted) or 0 for family in part.families)

    await filled(redis, 2_000)

    whole = await measure(redis)
    assert estimated == pytest.approx(whole.size_bytes, rel=0.2)


def test_what_has_a_bound_of_its_own_does_not_grow_and_nothing_says_nothing():
    nothing = dict.fromkeys(("item", "reader", "event", "subscriber", "snapshot"), 0)

    assert projected(Family("pulse", None, 1, 1_000), nothing, AS_IT_IS) == 1_000
    assert projected(Family("profile", "reader", 0, 0), nothing, AS_IT_IS) == 0
    many = msgspec.structs.replace(AS_IT_IS, readers=10)
    assert projected(Family("profile", "reader", 0, 0), nothing, many) is None
