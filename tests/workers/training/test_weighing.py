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
from workers.training.weighing import with_weights

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
    assert trained(news).weights == learned.weights != {}


def test_weights_stand_still_until_others_are_surely_better(news: Site, first: Snapshot):
    """What a few hours add tells hardly anything."""
    misled = with_weights(first, dict.fromkeys(first.manifest.weights, 0.5))
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
