"""A catalogue that lags behind its model, or runs ahead of it: lists are made of what both know."""

import numpy as np
import pytest

from recsvc.core.ranking.fusion import vector_ranking
from recsvc.core.ranking.public_lists import Examples, similar_list
from recsvc.core.text.terms import term_counts
from tests.core.ranking.worlds import world


@pytest.mark.parametrize("n_listed", [0, 1, 60, 120, 200])
def test_lists_are_made_of_the_rows_that_model_and_catalogue_both_know(n_listed: int):
    there = world(3)
    listed = np.ones(n_listed, bool)
    known = np.arange(min(n_listed, there.model.n))
    counts = term_counts([there.texts[0]])

    alike = vector_ranking(there.model, counts, np.arange(3), listed, 50)
    similar = similar_list(there.model, Examples(np.arange(3), np.arange(0)), listed, 50)

    assert np.isin(alike, known).all()
    assert np.isin(similar.rows, known).all()
    assert len(alike) > 0 or n_listed < 60
