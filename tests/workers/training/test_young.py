"""Young sites: before readers can teach weights, who is known must not lose what the crowd chose."""

import msgspec
import numpy as np
import pytest
import scipy.sparse as sp

from bench.goals.days import judged
from bench.goals.sites import MAGAZINE, NEWS, SiteParams, site
from recsvc.core.ranking.params import BlendParams
from tests.workers.training import world
from workers.training.taught import NOTHING
from workers.training.young import young

replace = msgspec.structs.replace

SET = BlendParams()


def matrix(histories: list[list[int]]) -> sp.csr_matrix:
    """Return evidence of readers who went for some rows."""
    ends = np.cumsum([0, *map(len, histories)])
    rows = np.concatenate(histories).astype(np.int64)
    return sp.csr_matrix((np.ones(len(rows), np.float32), rows, ends), shape=(len(histories), 500))


@pytest.mark.parametrize("kind", [NEWS, MAGAZINE])
def test_who_is_known_gets_no_worse_list_than_a_stranger_on_the_first_days(kind: SiteParams):
    """Some hundreds of readers of three sites, most of whom went for one item."""
    feeds, strangers = [], []
    for seed in range(4, 7):
        few = replace(kind, days=3, readers=500, born=20, seed=seed)
        found = judged(site(few), [1, 2], world.ROUND).found
        feeds.append(found["the feed"].values("ndcg@20"))
        strangers.append(found["trending"].values("ndcg@20"))

    assert (np.concatenate(feeds) - np.concatenate(strangers)).mean() > 0


def test_the_crowd_is_heard_while_readers_share_much_and_have_done_little():
    alike = [young(matrix([[n % 40] for n in range(40 * m)]), SET) for m in (2, 5, 20)]

    loud = [taught.weights["trending_month"] for taught in alike]
    patient = [taught.half_at["personal"] for taught in alike]
    assert loud == sorted(loud)
    assert loud[-1] > 2.5
    assert patient == sorted(patient)
    assert patient[-1] > 1.5


def test_the_crowd_is_silent_where_nobody_shares_anything_or_histories_say_enough():
    rng = np.random.default_rng(3)
    apart = [[2 * n, 2 * n + 1] for n in range(99)]
    long = [rng.choice(500, 60, replace=False).tolist() for _ in range(80)]

    assert young(matrix(apart), SET) == NOTHING
    assert young(matrix(long), SET) == NOTHING
    assert young(sp.csr_matrix((3, 500), dtype=np.float32), SET) == NOTHING


def test_a_crowd_around_a_few_items_does_not_drown_what_a_vote_says():
    """Twelve readers, the same three items."""
    around_three = young(matrix([[0, 1 + n % 2] for n in range(12)]), SET)

    doublings = np.log2(1 + 12)
    assert sum(around_three.weights.values()) * doublings < 1


def test_the_crowd_stays_silent_where_trending_was_silenced():
    shared = matrix([[n % 40] for n in range(200)])

    assert young(shared, SET) != NOTHING
    assert young(shared, replace(SET, trending=0.0)) == NOTHING
    assert young(shared, replace(SET, weights={"trending_month": 0.0})) == NOTHING
    assert "trending_day" not in young(shared, replace(SET, weights={"trending_day": 0.1})).weights
