"""Labels against the plain idea of them: a set of rows per label."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.labels import Labels, distinct, folded

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


SPELLINGS = ["Machine Learning", "machine learning", " MACHINE\tlearning ", "Vision", "vision"]
spelled = st.lists(st.sampled_from(SPELLINGS), max_size=4)


@given(steps=st.lists(st.tuples(st.integers(0, 7), spelled), max_size=25), asked=spelled)
def test_topics_that_differ_in_case_and_space_are_one(steps, asked):
    found, plain = Labels(folded), Labels()
    carried: dict[int, list[str]] = {}
    for row, topics in steps:
        found.put(row, topics)
        plain.put(row, [folded(topic) for topic in topics])
        carried[row] = topics

    visible = np.ones(8, bool)
    counts, expected = found.counts(visible), plain.counts(visible)
    assert found.rows(asked).tolist() == plain.rows([folded(topic) for topic in asked]).tolist()
    assert {folded(topic): n for topic, n in counts.items()} == expected
    assert len(counts) == len(expected)
    for topic in counts:
        first = min(row for row, own in carried.items() if folded(topic) in map(folded, own))
        assert topic in carried[first]
    assert all(found.of(row) == tuple(map(folded, distinct(own))) for row, own in carried.items())
