"""Catalogues whose texts have nothing in common: no term counts, and nothing may go wrong."""

import numpy as np
import scipy.sparse as sp

from recsvc.core.model.nearest import nearest
from recsvc.core.ranking.voices.content import profile, shares
from recsvc.core.text import tfidf
from recsvc.core.text.terms import term_counts


def nothing_in_common(n: int) -> tfidf.Texts:
    counts = term_counts([f"word{i}" for i in range(n)])
    return tfidf.weigh(counts, tfidf.fit(counts))


def test_the_matrix_holds_no_index_that_it_has_no_column_for():
    texts = nothing_in_common(3)

    matrix = texts.matrix

    assert matrix.indices.max() < matrix.shape[1]
    assert isinstance(matrix.T.tocsr(), sp.csr_matrix)


def test_nothing_is_alike():
    texts = nothing_in_common(4)

    wanted = profile(texts, np.array([1]), np.ones(1, np.float32))

    assert not wanted.weights.any()
    assert not shares(texts, np.arange(4), np.array([1]), np.ones(1, np.float32)).any()


def test_nothing_can_be_predicted():
    texts = nothing_in_common(40)
    warm, cold = texts.rows(np.arange(20)), texts.rows(np.arange(20, 40))

    assert nearest(cold, warm).nnz == 0
