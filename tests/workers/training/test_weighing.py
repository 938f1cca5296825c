"""The weights of the voices are learned: what a site's readers went for decides, and no setting."""

import time

import msgspec
import numpy as np
import pytest

from bench.goals.days import judged
from bench.goals.sites import LIBRARY, NEWS, Site, SiteParams, opening_us, site
from recsvc.clock import HOUR_US
from recsvc.core.model.snapshot import Manifest, Snapshot
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import VOICES
from tests.workers.training import world
from workers.training.candidate import RoundParams, carry_out
from workers.training.taught import Taught
from workers.training.weighing import Loudness, Pool, found_for

replace = msgspec.structs.replace

DAYS = 12
LAST = DAYS - 1
AS_SET = replace(world.ROUND, learns_weights=False)


def small(params: SiteParams, seed: int) -> Site:
    """A few days of a site, few items a day."""
    return site(
        replace(
            params,
            days=DAYS,
            readers=500,
            born=params.born // 2,
            begun_with=params.begun_with // 3,
            seed=seed,
        )
    )


def trained(found: Site, params: RoundParams = world.ROUND) -> Manifest:
    return candidate(found, params).manifest


def candidate(
    found: Site,
    params: RoundParams = world.ROUND,
    served: Snapshot | None = None,
    at_us: int = opening_us(LAST),
) -> Snapshot:
    return carry_out(found.until(at_us), served, None, params, time.monotonic).candidate


@pytest.fixture(scope="module")
def news() -> Site:
    return small(NEWS, 1)


@pytest.fixture(scope="module")
def library() -> Site:
    return small(LIBRARY, 1)


@pytest.fixture(scope="module")
def first(news: Site) -> Snapshot:
    return candidate(news)


@pytest.fixture(scope="module")
def learned(first: Snapshot) -> Manifest:
    return first.manifest


@pytest.mark.parametrize("kind", [NEWS, LIBRARY])
def test_who_is_known_gets_no_worse_list_than_by_the_best_voice_or_as_a_stranger(kind: SiteParams):
    """Of what came after training, over whichever site."""
    found = judged(small(kind, 2), [LAST], world.ROUND).found

    feed = found.pop("the feed").values("ndcg@20")
    for name, other in found.items():
        loss = other.values("ndcg@20") - feed
        doubt = loss.std() / np.sqrt(len(loss))
        assert loss.mean() <= 2 * doubt, name


def test_a_site_of_news_and_a_library_end_up_with_other_feeds(learned: Manifest, library: Site):
    of_news, of_library = learned.weights, trained(library).weights

    def common(weights: dict[str, float]) -> float:
        """Return how loud what is new and what is trending speak beside what answers readers."""
        lately = ("trending", "trending_day", "trending_month", "fresh", "news")
        spoken = BlendParams().with_weights(weights)
        loud = {voice.name: voice.weight(spoken) for voice in VOICES}
        return sum(loud[name] for name in lately) / sum(loud.values())

    assert common(of_news) > 0.7
    assert common(of_library) < 0.5


def test_the_same_log_and_seed_find_the_same_weights(news: Site, learned: Manifest):
    again = trained(news)

    assert (again.weights, again.half_at) == (learned.weights, learned.half_at)
    assert again.weights


def test_weights_stand_still_until_others_are_surely_better(news: Site, first: Snapshot):
    """What a few hours add tells hardly anything."""
    misled = Taught(dict.fromkeys(first.manifest.weights, 0.5)).to(first)
    later_us = opening_us(LAST) + 3 * HOUR_US

    assert candidate(news, served=first, at_us=later_us).manifest.weights == first.manifest.weights
    assert candidate(news, served=misled).manifest.weights == first.manifest.weights


def test_the_gate_judges_a_feed_as_it_would_have_learned_to_speak(news: Site, learned: Manifest):
    as_set = trained(news, AS_SET)

    assert as_set.weights == {}
    assert learned.verdict is not None
    assert as_set.verdict is not None
    assert learned.verdict.foreseen is not None
    assert as_set.verdict.foreseen is not None
    assert learned.verdict.foreseen > 2 * as_set.verdict.foreseen
    assert learned.verdict.against["trending"].low > 0


def test_who_is_silenced_stays_silent_and_who_speaks_is_never_silenced(news: Site):
    blend = BlendParams(trending=0.0, weights={"news": 0.0})

    weights = trained(news, replace(world.ROUND, blend=blend)).weights

    assert weights
    assert not {"trending", "news"} & set(weights)
    assert all(weights[name] > 0 for name in ("personal", "similar", "content", "fresh"))
    loud = BlendParams(content=0.0, weights={"news": 0.0}).with_weights({"content": 1, "news": 2})
    assert (loud.content, loud.weights["news"]) == (0.0, 0.0)


def test_few_readers_teach_nothing(news: Site):
    few = replace(news, events=news.events.filter(news.events["user"].is_in(["r1", "r2", "r3"])))

    assert trained(few).weights == {}


def test_it_is_learned_of_a_voice_that_only_long_histories_are_worth_hearing():
    """It knows what those want who did much, and misleads the others, who want what everybody does."""
    rng, n_readers, n_items = np.random.default_rng(5), 400, 60
    lengths = np.where(np.arange(n_readers) % 2, 40.0, 1.0)
    wanted = np.where(
        lengths > 1, rng.integers(20, n_items, n_readers), rng.integers(20, size=n_readers)
    )
    points = rng.normal(size=(n_readers, n_items, 2)).astype(np.float32)
    told = np.where(lengths > 1, wanted, rng.integers(20, n_items, n_readers))
    points[np.arange(n_readers), told, 0] += 5  # who answers
    points[:, :20, 1] += 3  # who speaks to everybody
    is_target = np.arange(n_items) == wanted[:, None]
    everywhere, answers = np.ones((n_readers, n_items), bool), np.array([True, False])
    pool = Pool(points, everywhere, is_target, np.ones(n_readers), lengths, 20.5, answers)

    found = found_for(pool, Loudness(np.ones(2), np.zeros(2)))

    assert found is not None
    assert found.half_at[0] >= 8
    assert found.half_at[1] == 0


def test_a_site_whose_readers_are_too_few_to_teach_stays_as_young_ones_are(news: Site):
    """However much better off the few who are asked would have been by what is set."""
    few = replace(news, events=news.events.filter(news.events["user"].str.ends_with("7")))
    begun = carry_out(few.until(opening_us(4)), None, None, world.ROUND, time.monotonic).candidate

    assert begun.manifest.weights["trending_month"] > 0
    assert "personal" not in begun.manifest.weights
    assert begun.manifest.half_at["personal"] > 0
