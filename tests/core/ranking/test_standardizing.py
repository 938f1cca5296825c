import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.ranking.standardizing import standard
from tests.core.strategies import seeds


@given(seed=seeds, weight=st.sampled_from([0.5, 1.0, 2.0]))
def test_in_large_groups_points_are_z_scores_of_the_group(seed, weight):
    rng = np.random.default_rng(seed)
    warm = (np.arange(20_000) % 2).astype(np.float32)
    scores = rng.normal(np.where(warm, 3, 1), np.where(warm, 2, 1)).astype(np.float32)
    own = np.arange(0, 200, 7)

    points = standard(scores, warm, own, weight).points(scores, warm)

    others = np.setdiff1d(np.arange(20_000), own)
    for group in (warm == 0, warm == 1):
        mine = points[others][group[others]]
        assert abs(mine.mean()) < 0.15
        assert abs(mine.std() / weight - 1) < 0.2


def test_scores_that_are_all_the_same_say_nothing():
    scores, warm = np.full(40, 3, np.float32), np.zeros(40, np.float32)

    points = standard(scores, warm, np.arange(2), 1.0).points(scores, warm)

    assert not points.any()


@given(seed=seeds)
def test_points_are_linear_in_scores_within_a_group(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random(60).astype(np.float32)
    warm = (rng.random(60) < 0.5).astype(np.float32)

    found = standard(scores, warm, np.array([1, 2]), 1.0)

    a, b = found.points(scores, warm), found.points(scores + 0.25, warm)
    assert np.allclose(b - a, 0.25 * found.scale(warm), atol=1e-3)
