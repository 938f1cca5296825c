"""The search index by itself: what shows when, and which rows hold a word."""

import random
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.items.catalogue import NO_FILTERS
from recsvc.core.items.item import StoredItem
from recsvc.core.text.query import asked
from recsvc.live.search_index import SearchIndex


def item(title: str, text: str = "", **fields: object) -> StoredItem:
    return StoredItem(id=title, title=title, text=text, created_us=1, **fields)


def found(index: SearchIndex, query: str) -> list[int]:
    return index.search(asked(query), NO_FILTERS, 100).tolist()


@pytest.fixture
def index() -> SearchIndex:
    return SearchIndex()


def test_an_empty_index_finds_nothing(index: SearchIndex):
    assert found(index, "anything") == []
    assert index.rows_with("anything").tolist() == []


def test_what_is_put_shows_after_a_commit_and_replaces_what_was_there(index: SearchIndex):
    index.put(7, item("mole"))
    assert found(index, "mole") == []

    index.commit()
    assert found(index, "mole") == [7]

    index.put(7, item("badger"))
    index.commit()
    assert (found(index, "mole"), found(index, "badger"), index.n) == ([], [7], 1)

    index.remove(7)
    index.commit()
    assert (found(index, "badger"), index.n) == ([], 0)


def test_what_was_found_is_found_until_a_cleared_index_is_filled(index: SearchIndex):
    index.put(0, item("mole"))
    index.commit()

    index.clear()
    index.put(1, item("mole"))
    assert found(index, "mole") == [0]

    index.commit()
    assert found(index, "mole") == [1]


def test_rows_with_a_word_hold_it_in_title_or_text_in_any_form(index: SearchIndex):
    index.put(0, item("On transformers"))
    index.put(1, item("Else", "A Transformer, again"))
    index.put(2, item("Elsewhere", authors=("A. Transformer",)))
    index.put(3, item("Large vision models", "language only"))
    index.put(4, item("Large language models"))
    index.commit()

    assert index.rows_with("transformers").tolist() == [0, 1]
    assert index.rows_with("Large Language Model").tolist() == [4]
    assert index.rows_with("the").tolist() == []
    assert index.rows_with("?!").tolist() == []


words = st.sampled_from(["alpha", "beta", "gamma", "delta"])


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 5), st.none() | st.lists(words, min_size=1, max_size=3)),
        max_size=12,
    )
)
def test_the_index_follows_every_change(steps):
    index, expected = SearchIndex(), {}
    for row, title in steps:
        if title is None:
            index.remove(row)
            expected.pop(row, None)
        else:
            index.put(row, item(" ".join(title)))
            expected[row] = title
        index.commit()

    for word in ("alpha", "beta", "gamma", "delta"):
        holders = sorted(row for row, title in expected.items() if word in title)
        assert sorted(found(index, word)) == holders
        assert index.rows_with(word).tolist() == holders
    assert index.n == len(expected)


def test_a_word_that_most_of_many_items_say_tells_nothing_beside_another(index: SearchIndex):
    for row in range(1_000):
        index.put(row, item(f"paper {row}", "les mots" if row % 3 else "les autres"))
    index.commit()

    assert set(found(index, "les autres")) <= set(range(0, 1_000, 3))
    assert len(found(index, "les")) == 100


def test_a_commit_of_another_thread_mixes_up_nothing(index: SearchIndex):
    words = [f"unique{row}x" for row in range(60)]
    everything = " ".join(words[:30]) + " badger"
    for row, word in enumerate(words):
        index.put(row, item(word, "badger"))
    index.commit()
    is_over, rng = threading.Event(), random.Random(1)

    def change() -> None:
        while not is_over.is_set():
            for row in rng.sample(range(60), 20):
                index.put(row, item(words[row], "badger"))
            index.commit()

    changing = threading.Thread(target=change)
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    changing.start()
    try:
        answers = [sorted(found(index, everything)) for _ in range(1_000)]
    finally:
        is_over.set()
        changing.join()
        sys.setswitchinterval(usual_s)

    assert [rows for rows in answers if rows != list(range(60))] == []
