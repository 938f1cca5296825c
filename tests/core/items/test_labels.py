"""Labels against the plain idea of them: a set of rows per label."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.labels import Labels

labels = st.lists(st.sampled_from("abc"), max_size=4)
steps = st.lists(st.tuples(st.integers(0, 7), labels, st.booleans()), max_size=25)


@given(steps=steps, asked=labels)
def test_labels_are_what_was_put_last(steps, asked):
    found, expected, visible = Labels(), {}, np.zeros(8, bool)
    for row, carried, is_visible in steps:
        found.put(row, carried)
        expected[row], visible[row] = set(carried), is_visible
        rows = [r for r in sorted(expected) if expected[r] & set(asked)]
        assert found.rows(asked).tolist() == rows
        counts = {
            label: n
            for label in "abc"
            if (n := sum(visible[r] and label in own for r, own in expected.items()))
        }
        assert found.counts(visible) == counts
