import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.top_k import top_k
from tests.core.strategies import finite_scores, seeds


@given(scores=finite_scores, k=st.integers(0, 40), data=st.data())
def test_top_k_is_sorting_without_the_excluded(scores, k, data):
    excluded = data.draw(st.sets(st.integers(0, max(len(scores) - 1, 0)), max_size=len(scores)))
    excluded = {row for row in excluded if row < len(scores)}
    expected = sorted(set(range(len(scores))) - excluded, key=lambda r: (-scores[r], r))[:k]
    scores = scores.copy()
    scores[list(excluded)] = -np.inf

    assert top_k(scores, k).tolist() == expected


@given(seed=seeds, k=st.integers(1, 400), levels=st.sampled_from([2, 50, 10**6]))
def test_sampling_a_threshold_gives_the_same_rows_as_sorting_everything(seed, k, levels):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, 25_000).astype(np.float32)
    scores[rng.random(25_000) < 0.1] = -np.inf

    expected = np.lexsort((np.arange(len(scores)), -scores))[:k]

    assert top_k(scores, k).tolist() == expected.tolist()
