"""Lists of readers in experiments: each their variant's, also when it is answered again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from recsvc.api.services import Services, opened
from recsvc.clock import HOUR_US, now_us
from recsvc.core.experiments.experiment import Experiment, Trial, Variant
from recsvc.core.ranking.tuning import tuning
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.lists.shapes import Feed, FeedOptions, Page
from recsvc.settings import from_environment
from recsvc.store.connection import Redis
from recsvc.store.entry_ids import FIRST, parse
from recsvc.store.log.exposures import shown_in
from recsvc.store.log.streams import Streams
from tests.live.test_following import until
from tests.stored import put_all
from tests.workers.test_ingest import drain
from tests.workers.training import world
from workers.ingest import Ingest

pytestmark = pytest.mark.anyio

PAGE = Page(limit=8, encoded=True)
READERS = [f"reader-{n}" for n in range(8)]
# What is voted for first, or none of it: lists that have little in common.
BY_VOTES = {"trending_weight": 50, "content_weight": 0}
BY_TEXT = {"trending_weight": 0, "content_weight": 50}


@pytest.fixture
async def two(redis: Redis, store_url: str, tmp_path: Path) -> AsyncIterator[list[Services]]:
    """Two serving processes on one store, and readers who did something."""
    async with AsyncExitStack() as closing:
        found = [
            await closing.enter_async_context(
                opened(
                    from_environment(
                        {}, redis_url=store_url, data_dir=str(tmp_path / n), feed_cache_s=3600
                    )
                )
            )
            for n in "ab"
        ]
        await put_all(found[0].items, list(world.items(30).values()))
        change = await found[0].items.last_change()
        for one in found:
            await one.live.wait_for_change(change, 10)
        worker = Ingest(Streams(redis, "w"), found[0].boards, KINDS, 10.0)
        await worker.start()
        now = now_us()
        events = [Entry(user, "i1", "click", now, now) for user in READERS]
        events += [
            Entry(f"fan-{k}", f"i{20 + n}", "upvote", now, now) for n in range(10) for k in range(n)
        ]
        await found[0].events.record(events, [False] * len(events))
        await drain(worker)
        applied = {s: parse(e) for s, e in (await found[0].boards.applied()).items()}
        for one in found:
            held = one.live._catalogue.applied
            await until(
                lambda held=held: all(held.get(s, FIRST) >= e for s, e in applied.items()),
                "the boards are here",
            )
        yield found


def running(name: str = "order", **more: object) -> Experiment:
    variants = (Variant("votes", settings=BY_VOTES), Variant("text", settings=BY_TEXT))
    return msgspec.structs.replace(Experiment(name, variants, now_us() - HOUR_US), **more)


async def begin(two: list[Services], experiment: Experiment) -> None:
    packed = msgspec.json.encode(experiment)
    await two[0].experiment_store._pipe.send(
        "HSET", "rs:{site}:experiments", experiment.name, packed
    )
    for one in two:
        await one.experiments.refresh()


def ids(feed: Feed) -> list[str]:
    return [one["id"] for one in msgspec.json.decode(msgspec.json.encode(feed.items))]


async def asked(services: Services, user: str, options: FeedOptions | None = None) -> Feed:
    return await services.lists.feeds.feed(user, PAGE, options)


async def test_every_process_deals_a_reader_the_same_and_makes_their_variants_list(two):
    experiment = running()
    await begin(two, experiment)
    lists: dict[str, set[tuple[str, ...]]] = {"votes": set(), "text": set()}
    for user in READERS:
        variant = experiment.variant_of(user)
        for one in two * 2:  # made, then answered again
            feed = await asked(one, user)
            assert feed.variants == (f"order={variant.name}",)
            lists[variant.name].add(tuple(ids(feed)))

    assert lists["votes"].isdisjoint(lists["text"])
    assert all(lists.values()), "both variants were dealt"


async def test_a_kept_list_of_before_or_after_is_not_answered_in_an_experiment(two):
    services, user = two[0], READERS[0]
    usual = await asked(services, user)
    experiment = running()
    await begin(two, experiment)
    during = await asked(services, user)
    again = await asked(services, user)
    await begin(two, msgspec.structs.replace(experiment, ends_us=now_us()))
    after = await asked(services, user)

    assert usual.variants is msgspec.UNSET
    assert after.variants is msgspec.UNSET
    assert ids(usual) == ids(after)
    assert ids(during) == ids(again) != ids(usual)


async def test_each_exposure_names_its_variant_made_or_answered_again_and_further_pages_too(two):
    services = two[0]
    await begin(two, running())
    feeds = [await asked(services, user) for user in READERS for _ in range(2)]
    further = await services.lists.feeds.feed(
        READERS[0], msgspec.structs.replace(PAGE, cursor=feeds[0].next)
    )
    await services.exposures.stop()
    exposures, _ = await services.exposures._log.read()

    assert [one.feed_id for one in exposures] == [one.feed_id for one in (*feeds, further)]
    for one, feed in zip(exposures, (*feeds, further), strict=True):
        assert one.variants == feed.variants
        assert shown_in(one).items == ids(feed)


async def test_what_a_reader_asks_for_comes_before_what_an_experiment_says(two):
    settings = {"diversity": 0.9, "freshness_half_life_days": 0.1}
    variants = (Variant("a", settings=settings), Variant("b", settings=settings))
    options = FeedOptions(diversity=0.1, freshness_half_life_days=3.0)
    await begin(two, running("asked", variants=variants))
    feeds = two[0].lists.feeds
    made = feeds._options(READERS[0], options)

    assert feeds._arrangement(made, "personal").diversity == 0.1
    assert dict(made.tuning.blend)["fresh_half_life_days"] == 3.0


async def test_nobody_is_in_an_experiment_who_is_unknown(two):
    await begin(two, running())
    feed = await two[0].lists.feeds.feed(None, PAGE)

    assert feed.variants is msgspec.UNSET


async def test_an_interleaved_list_is_of_both_and_says_whose_pick_a_place_is(two):
    services = two[0]
    alone = {}
    for name, settings in (("votes", BY_VOTES), ("text", BY_TEXT)):
        trial = Trial((name,), tuning(settings))
        alone[name] = ids(await asked(services, READERS[0], FeedOptions(trial=trial, explore=0.0)))
    await services.exposures.stop()
    await services.exposures._log.forget_until("9999999999999-0")
    await begin(two, running(is_interleaved=True))
    options = FeedOptions(explore=0.0)
    made, again = [await asked(services, READERS[0], options) for _ in range(2)]
    await services.exposures.stop()
    exposures, _ = await services.exposures._log.read()

    assert made.variants == again.variants == ("order=interleaved",)
    shown = [shown_in(one) for one in exposures]
    assert shown[0] == shown[1]
    assert sorted(shown[0].teams) == [0] * 4 + [1] * 4
    for team, name in enumerate(("votes", "text")):
        picks = [i for i, t in zip(shown[0].items, shown[0].teams, strict=True) if t == team]
        assert picks == [i for i in alone[name] if i in picks], (
            "in the order of whose picks they are"
        )
        assert picks[0] in alone[name][:2]
    further = await services.lists.feeds.feed(
        READERS[0], msgspec.structs.replace(PAGE, cursor=made.next), options
    )
    assert not set(ids(further)) & set(ids(made))
