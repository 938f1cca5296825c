"""The nearest by text: the same with the kernels and with scipy, but for which of equals is left out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core import compiled
from recsvc.core.model.nearest import nearest
from recsvc.core.text import tfidf
from recsvc.core.text.terms import term_counts
from tests.core.compiled.conftest import kernels

__all__ = ["kernels"]

texts = st.lists(
    st.lists(st.sampled_from([f"word{n}" for n in range(12)]), max_size=6).map(" ".join),
    min_size=2,
    max_size=40,
)


@given(texts=texts, data=st.data())
def test_the_nearest_are_those_of_a_product_of_matrices(kernels, texts: list[str], data):
    counts = term_counts(texts)
    all_texts = tfidf.weigh(counts, tfidf.fit(counts))
    is_new = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    new, known = all_texts.rows(np.flatnonzero(is_new)), all_texts.rows(np.flatnonzero(~is_new))
    k = data.draw(st.integers(1, 8))

    with compiled.computing_with(kernels):
        found = nearest(new, known, k)
    with compiled.computing_with(None):
        expected = nearest(new, known, k)

    assert found.shape == expected.shape
    for row in range(new.n):
        ours, theirs = found[row].toarray()[0], expected[row].toarray()[0]
        assert np.allclose(np.sort(ours), np.sort(theirs), atol=1e-6)
        last = np.sort(ours[ours > 0])[:1]
        above = ours > (last[0] + 1e-6 if len(last) else 0)
        assert np.allclose(ours[above], theirs[above], atol=1e-6)
        assert (np.diff(found.indices[found.indptr[row] : found.indptr[row + 1]]) > 0).all()
