"""What is no number, ties, and the ends of what can be written are the same to kernels and numpy."""

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recsvc.core import compiled
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.standardizing import standard
from recsvc.core.top_k import top_k
from recsvc.errors import NotFiniteError
from tests.core.compiled.test_oracles import reader_of, world_of
from tests.core.ranking.worlds import NOW_US

# Few values, so that many are equal; and what is hardly a number, or none.
_ODD = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, 1e-40, 3e38, -3e38, np.inf, -np.inf, np.nan])
odd_scores = hnp.arrays(np.float32, st.integers(1, 80), elements=_ODD)


class Lists(NamedTuple):
    starts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray


@given(scores=odd_scores, k=st.integers(0, 90))
def test_the_best_of_anything_are_the_finite_ones_in_order(kernels, scores, k):
    finite = np.flatnonzero(np.isfinite(scores))
    expected = finite[np.argsort(-scores[finite], kind="stable")[:k]].tolist()

    for computes in (kernels, None):
        with compiled.computing_with(computes):
            assert top_k(scores, k).tolist() == expected


@given(scores=odd_scores, data=st.data())
def test_scores_that_are_no_numbers_silence_a_voice_alike(kernels, scores, data):
    n = len(scores)
    warm = data.draw(hnp.arrays(np.float32, n, elements=st.sampled_from([0.0, 1.0])))
    own = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=9, unique=True)), np.int64)

    with compiled.computing_with(None):
        by_numpy = standard(scores, warm, own, 1.0)
    with compiled.computing_with(kernels):
        found = standard(scores, warm, own, 1.0)

    assert np.allclose(found.line, by_numpy.line, rtol=1e-6)


def test_every_weight_that_a_list_can_hold_is_read_as_numpy_reads_it(kernels):
    weights = np.arange(2**16, dtype=np.uint16).view(np.float16)
    lists = Lists(np.array([0, len(weights)]), np.arange(len(weights), dtype=np.int32), weights)
    sums = np.zeros(len(weights))

    kernels.walk_sums(lists, np.array([0]), np.ones(1, np.float32), sums)

    assert np.array_equal(sums, weights.astype(np.float64), equal_nan=True)


@pytest.mark.parametrize("lifted", [np.inf, -np.inf, np.nan])
def test_what_adds_up_to_no_number_is_refused_by_both(kernels, lifted):
    of = world_of((120, 90))
    lift = np.zeros(of.model.n, np.float32)
    lift[3] = lifted
    reader = msgspec.structs.replace(reader_of(of.model, 1, 5), lift=lift)
    blend = Blend(of.model, common(of.catalogue, of.model, BlendParams(), NOW_US), BlendParams())

    for computes in (kernels, None):
        with compiled.computing_with(computes), pytest.raises(NotFiniteError):
            blend.rank(reader, of.catalogue.visible, 20)


def test_an_index_that_points_outside_is_an_index_error(kernels):
    of = world_of((120, 90))
    texts, one = of.model.texts, np.ones(1, np.float32)

    for row in (-1, texts.n, 2**40):
        with pytest.raises(IndexError):
            kernels.text_profile(texts, np.array([row]), one)
        with pytest.raises(IndexError):
            kernels.text_shares(texts, np.array([row]), np.array([0]), one, 0.7)
