"""A list answered again is the one that would be made: two processes beside one that keeps none."""

import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recsvc.api.services import Services, opened
from recsvc.clock import now_us
from recsvc.core.items.item import StoredItem
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.lists.shapes import Feed, FeedOptions, Page
from recsvc.settings import from_environment
from recsvc.store.connection import Redis
from recsvc.store.entry_ids import FIRST, parse
from recsvc.store.log.streams import Streams
from tests.live.test_following import until
from tests.stored import put_all
from tests.workers.test_ingest import drain
from tests.workers.training import world
from workers.ingest import Ingest

pytestmark = pytest.mark.anyio

READERS = ("ann", "bob", "cem")
PAGE, OPTIONS = Page(limit=8, encoded=True), FeedOptions()
PLAIN = Page(limit=8)  # such pages are made each time
OWN_KINDS = ("upvote", "unvote", "hide", "unhide", "click", "read", "save", "share", "impression")


class Site:
    """A store, two processes that keep feeds and one that keeps none, and what works on the log."""

    def __init__(self, redis: Redis, keeping: list[Services], plain: Services) -> None:
        self.redis = redis
        self.keeping = keeping
        self.plain = plain
        self.worker = Ingest(Streams(redis, "w"), plain.boards, KINDS, 10.0)
        self.outcomes: dict[str, Counter[str]] = {"feeds": Counter(), "shared": Counter()}
        for one in keeping:
            one.lists.feeds.kept.observe = lambda how: self.outcomes["feeds"].update([how])
            one.shared.observe = lambda how: self.outcomes["shared"].update([how])

    async def act(self, by: Services, user: str, kind: str, item: str) -> None:
        await by.events.record([Entry(user, item, kind, now_us(), now_us())], [False])

    async def settle(self) -> None:
        """Bring everything that is logged onto the boards of all processes."""
        await drain(self.worker)
        applied = {s: parse(e) for s, e in (await self.plain.boards.applied()).items()}
        for one in (*self.keeping, self.plain):
            held = one.live._catalogue.applied
            await until(
                lambda held=held: all(held.get(s, FIRST) >= e for s, e in applied.items()),
                "the boards are here",
            )

    async def put(self, by: Services, item: StoredItem | None, name: str) -> None:
        await by.items.change({name: lambda _: item})
        change = await by.items.last_change()
        for one in (*self.keeping, self.plain):
            await one.live.wait_for_change(change, 10)


@pytest.fixture
async def site(redis: Redis, store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as closing:
        opening = [
            opened(
                from_environment(
                    {}, redis_url=store_url, data_dir=str(tmp_path / str(n)), feed_cache_s=seconds
                )
            )
            for n, seconds in enumerate((3600, 3600, 0))  # the epoch never ends meanwhile
        ]
        *keeping, plain = [await closing.enter_async_context(one) for one in opening]
        await put_all(plain.items, list(world.items(30).values()))
        change = await plain.items.last_change()
        for one in (*keeping, plain):
            await one.live.wait_for_change(change, 10)
        found = Site(redis, keeping, plain)
        await found.worker.start()
        yield found


async def asked(services: Services, user: str | None, page: Page = PAGE) -> dict[str, Any]:
    """What a process answers, without what is another answer's: ids, instants, the cursor's text."""
    lists, by = services.lists, msgspec.structs.replace(page, user=user)
    found = {
        "trending": await lists.boards.trending("all", by),
        "new": await lists.boards.new(by),
        "feed": await lists.feeds.feed(user, page, OPTIONS),
    }
    return {name: same(feed) for name, feed in found.items()}


def same(feed: Feed) -> Any:
    answer = msgspec.json.decode(msgspec.json.encode(feed))
    for name in ("feed_id", "generated_at", "events_behind", "stale"):
        del answer[name]
    answer["next"] = answer["next"] is not None
    return answer


async def something_happens(site: Site, rng: random.Random) -> set[str | None]:
    """Have something done by anybody through any process; return whose lists must show it at once."""
    by, user = rng.choice((*site.keeping, site.plain)), rng.choice(READERS)
    item = f"i{rng.randrange(30)}"
    match rng.choice(
        ("act",) * 6 + ("prefer", "prefer", "put", "hide", "delete", "erase", "nothing")
    ):
        case "act":
            await site.act(by, user, rng.choice(OWN_KINDS), item)
            return {user}
        case "prefer":
            stance = rng.choice(("follow", "mute", None))
            kind, name = rng.choice((("words", f"word{rng.randrange(9)}"), ("topics", "t0")))
            await by.preferences.change(user, {kind: {name: stance}})
            return {user}
        case "put":
            title = f"word{rng.randrange(9)} changed {rng.random()}"
            await site.put(by, StoredItem(id=item, title=title, created_us=world.NOW_US), item)
        case "hide":
            gone = StoredItem(id=item, title="hidden", created_us=world.NOW_US, hidden=True)
            await site.put(by, gone, item)
        case "delete":
            await site.put(by, None, item)
        case "erase":
            await by.erasures.request(user, now_us())
            return {user}
        case "nothing":
            return set()
    return {None, *READERS}


@pytest.mark.parametrize("seed", range(3))
async def test_a_kept_list_is_the_one_that_would_be_made(site: Site, seed: int) -> None:
    """Where only others acted, it is one that would have been made since its reader's last change."""
    rng = random.Random(seed)
    everybody = (None, *READERS)
    may_be: dict[str | None, list[dict[str, Any]]] = {user: [] for user in everybody}

    for step in range(25):
        for user in await something_happens(site, rng):
            may_be[user] = []
        await site.settle()
        for user in everybody:
            may_be[user].append(await asked(site.plain, user, PLAIN))
            for process in site.keeping:
                process.shared._budget.spend(1.0)  # only what must is made anew
            answers = [await asked(process, user) for process in site.keeping]
            may_be[user].append(await asked(site.plain, user, PLAIN))  # a minute may have begun
            for name, answer in (pair for one in answers for pair in one.items()):
                assert answer in [one[name] for one in may_be[user]], f"{user}, {name}, {step}"

    assert min(outcomes["again"] for outcomes in site.outcomes.values()) > 20


async def test_a_feed_answered_again_is_a_feed_of_its_own(site: Site) -> None:
    process = site.keeping[0]
    for n in range(3):
        await site.act(process, "ann", "click", f"i{n}")
    await site.settle()
    feeds = process.lists.feeds
    first = await feeds.feed("ann", PAGE, OPTIONS)

    again = await feeds.again("ann", PAGE, OPTIONS)

    assert again is not None
    assert again.feed_id != first.feed_id
    assert again.generated_at > first.generated_at
    assert first.next is not None
    assert again.next is not None
    former, new = [
        await feeds.feed("ann", msgspec.structs.replace(PAGE, cursor=feed.next), OPTIONS)
        for feed in (first, again)
    ]
    assert (former.feed_id, new.feed_id) == (first.feed_id, again.feed_id)
    assert [one.id for one in former.items] == [one.id for one in new.items]


async def test_cards_of_a_kept_feed_count_the_votes_of_others_as_everywhere_else(
    site: Site,
) -> None:
    feeds, process = site.keeping[0].lists.feeds, site.keeping[0]
    for n in range(3):
        await site.act(process, "ann", "click", f"i{n}")
    await site.settle()
    listed = same(await feeds.feed("ann", PAGE, OPTIONS))["items"]
    elsewhere = next(f"i{n}" for n in range(30) if f"i{n}" not in {one["id"] for one in listed})

    await site.act(site.plain, "bob", "upvote", elsewhere)
    await site.settle()
    assert await feeds.again("ann", PAGE, OPTIONS) is not None

    await site.act(site.plain, "bob", "upvote", listed[3]["id"])
    await site.settle()
    shown = same(await feeds.feed("ann", PAGE, OPTIONS))["items"]
    counts = {one["id"]: one["item"]["upvotes"] for one in shown}
    assert counts[listed[3]["id"]] == listed[3]["item"]["upvotes"] + 1


async def test_nothing_is_kept_before_its_readers_vote_is_on_the_boards(site: Site) -> None:
    feeds = site.keeping[0].lists.feeds
    await site.act(site.plain, "ann", "upvote", "i1")

    await feeds.feed("ann", PAGE, OPTIONS)
    assert not feeds.kept._held

    await site.settle()
    await feeds.feed("ann", PAGE, OPTIONS)
    assert feeds.kept._held


async def test_a_list_that_votes_never_leave_alone_is_made_once_a_second(site: Site) -> None:
    process = site.keeping[0]
    process.shared._budget.spend(1_000.0)
    begun_s = time.monotonic()

    for _ in range(50):
        process.live.catalogue.version += 1
        await process.lists.boards.trending("all", PAGE)

    made = site.outcomes["shared"]["made"]
    assert 1 <= made <= 1 + (time.monotonic() - begun_s)


async def test_what_is_kept_has_a_bound_and_an_end(site: Site) -> None:
    feeds = site.keeping[0].lists.feeds
    kept = feeds.kept
    for n in range(20):
        await feeds.feed(f"reader{n}", PAGE, OPTIONS)
    assert len(kept._held) == 20
    assert kept._bounded._bytes == sum(one.size_bytes for one in kept._held.values())

    kept._bounded._most_bytes = kept._bounded._bytes // 2
    await feeds.feed("another", PAGE, OPTIONS)
    assert kept._bounded._bytes <= kept._bounded._most_bytes
    assert ("another", PAGE, OPTIONS) in kept._held

    kept._epoch_us = 0
    kept._sweep()
    assert not kept._held
    assert kept._bounded._bytes == 0


async def test_what_a_reader_was_shown_does_not_change_whom_a_board_is_for(site: Site) -> None:
    by = site.keeping[0]
    await site.act(by, "ann", "upvote", "i1")
    await site.settle()
    audiences = by.lists.boards._audiences
    first = await audiences.at_a_board("ann")

    await site.act(by, "ann", "impression", "i2")
    assert await audiences.at_a_board("ann") is first
    await site.act(by, "ann", "hide", "i2")
    assert await audiences.at_a_board("ann") is not first
