"""Likeness by readers: how sure it is counts as well as how great it is."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.ranking.public_lists import Examples, similar_list
from tests.core.ranking.worlds import world
from tests.core.strategies import seeds


@given(seed=seeds, few=st.integers(1, 20), more=st.integers(1, 500))
def test_of_two_items_that_are_as_alike_the_one_that_more_readers_tell_of_comes_first(
    seed: int, few: int, more: int
):
    model = world(seed % 5).model
    assert model.learned is not None
    factors, support = model.learned.factors.copy(), np.zeros_like(model.learned.support)
    factors[1] = factors[2] = factors[0]
    support[:3] = (5, few, few + more)
    learned = msgspec.structs.replace(model.learned, factors=factors, support=support)
    there = msgspec.structs.replace(model, learned=learned)

    found = similar_list(
        there, Examples(np.arange(1), np.arange(0), "readers"), np.ones(model.n, bool), 2
    )

    assert list(found.rows) == [2, 1]


def test_a_single_reader_in_common_says_less_than_a_likeness_of_text():
    model = world(3).model
    assert model.learned is not None
    everything, nobody = np.ones(model.n, bool), np.arange(0)
    text = similar_list(model, Examples(np.arange(1), nobody, "text"), everything, 1)
    other = int(np.flatnonzero(~np.isin(np.arange(model.n), [0, text.rows[0]]))[-1])
    factors, support = model.learned.factors.copy(), np.zeros_like(model.learned.support)
    factors[other] = factors[0]
    support[[0, other]] = 1
    learned = msgspec.structs.replace(model.learned, factors=factors, support=support)

    found = similar_list(
        msgspec.structs.replace(model, learned=learned),
        Examples(np.arange(1), nobody),
        everything,
        1,
    )

    assert found.rows[0] == text.rows[0]
