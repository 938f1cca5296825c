"""Exploration, diversity and caps change the order of a list, never what is in it."""

from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.ranking.blend import EXPLORE, PERSONAL, Ranking
from recsvc.core.ranking.caps import capped
from recsvc.core.ranking.diversity import diversified
from recsvc.core.ranking.exploration import explored, feed_id, lottery_of, seed_of
from tests.core.strategies import seeds

UNIQUE = bytes(12)


def ranking(n: int, seed: int = 0) -> Ranking:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(2 * n)[:n].astype(np.int64)
    scores = np.sort(rng.random(n).astype(np.float32))[::-1]
    return Ranking(rows, scores, np.full(n, PERSONAL, np.uint8))


def unread(n: int) -> np.ndarray:
    return np.zeros(n, np.int32)


@given(seed=seeds, n=st.integers(0, 300), share=st.floats(0, 1))
def test_exploring_permutes_a_list_and_leaves_its_first_three_places(seed, n, share):
    before = ranking(n, seed)

    after, _ = explored(before, unread(2 * n), share, seed)

    assert sorted(after.rows.tolist()) == sorted(before.rows.tolist())
    assert after.rows[:3].tolist() == before.rows[:3].tolist()
    kept = after.sources != EXPLORE
    place_of = {row: i for i, row in enumerate(before.rows.tolist())}
    assert np.all(np.diff([place_of[row] for row in after.rows[kept].tolist()]) > 0)


def test_only_items_with_few_readers_behind_the_first_page_are_explored():
    before = ranking(200)
    support = np.full(400, 50, np.int32)
    known_of_few = before.rows[[5, 30, 31, 90]]
    support[known_of_few] = 9

    after, lottery = explored(before, support, 1.0, 7)

    assert set(after.rows[after.sources == EXPLORE]) == set(before.rows[[30, 31, 90]])
    assert lottery is not None
    assert lottery.pool == 3


def test_what_is_explored_is_what_the_reader_may_well_want():
    """Not what is left over deep in the list, however many few readers stand behind."""
    before = ranking(200)

    after, lottery = explored(before, unread(400), 1.0, 7)

    drawn = set(after.rows[after.sources == EXPLORE])
    assert drawn == set(before.rows[20:35])
    assert lottery is not None
    assert lottery.pool == len(drawn)


@given(seed=seeds, share=st.floats(0.01, 1), pool=st.integers(1, 280))
def test_the_feed_id_tells_which_slots_were_explored_and_how_likely_it_was(seed, share, pool):
    support = np.full(600, 50, np.int32)
    before = ranking(300)
    support[before.rows[20 : 20 + pool]] = 0

    after, lottery = explored(before, support, share, seed)
    told = lottery_of(feed_id(UNIQUE, lottery))

    assert told == lottery
    assert told is not None
    likely = [told.propensity(position) for position in range(300)]
    slots = np.flatnonzero(after.sources == EXPLORE).tolist()
    assert [position for position, p in enumerate(likely) if p is not None] == slots
    assert all(
        0 < likely[slot] <= round(share * 10_000) / 10_000 / told.pool + 1e-12 for slot in slots
    )


@pytest.mark.parametrize(("share", "pool"), [(0.2, 15), (0.3, 5), (1.0, 7)])
def test_propensities_are_how_often_an_item_really_is_in_a_slot(share: float, pool: int):
    """Deep in the list too, where the pool may be empty."""
    n, length = 12_000, 20 + max(pool, 20)
    before, support = ranking(length), np.full(2 * length, 50, np.int32)
    support[before.rows[20 : 20 + pool]] = 0
    times: Counter[tuple[int, int]] = Counter()
    likely: dict[int, float] = {}
    for seed in range(n):
        after, lottery = explored(before, support, share, seed)
        assert lottery is not None
        for slot, propensity in lottery.propensities(length).items():
            times[slot, int(after.rows[slot])] += 1
            assert likely.setdefault(slot, propensity) == propensity

    for slot, propensity in likely.items():
        found = np.array([times[slot, row] for row in before.rows[20 : 20 + pool].tolist()]) / n
        doubt = np.sqrt(propensity * (1 - propensity) / n)
        assert found == pytest.approx(propensity, abs=5 * doubt + 1e-3), slot


def test_a_feed_stands_still_within_the_hour_and_readers_differ():
    hour_us = 3_600_000_000
    assert seed_of("ann", 5 * hour_us) == seed_of("ann", 6 * hour_us - 1)
    assert seed_of("ann", 5 * hour_us) != seed_of("ann", 6 * hour_us)
    assert seed_of("ann", 5 * hour_us) != seed_of("bob", 5 * hour_us)


@pytest.mark.parametrize("text", ["", "x", "a feed of theirs", "AAAAAAAAAAAAAAAA", "ü" * 27])
def test_other_ids_tell_nothing(text):
    assert lottery_of(text) is None


def texts(seed: int, n: int) -> sp.csr_matrix:
    """Texts of four subjects."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n, 20)) * 0.1
    dense[np.arange(n), np.arange(n) % 4] += 1
    dense /= np.linalg.norm(dense, axis=1)[:, None]
    return sp.csr_matrix(dense, dtype=np.float32)


@given(seed=seeds, share=st.floats(0, 1), n=st.integers(0, 150))
def test_diversity_permutes_a_list_and_leaves_its_best(seed, share, n):
    before = ranking(n, seed)

    after = diversified(before, texts(seed, n), share)

    assert sorted(after.rows.tolist()) == sorted(before.rows.tolist())
    assert after.rows[:1].tolist() == before.rows[:1].tolist()
    if share == 0:
        assert after.rows.tolist() == before.rows.tolist()


def test_the_more_diversity_the_less_alike_is_the_first_page():
    before = Ranking(
        np.argsort(np.arange(80) % 4, kind="stable"),
        np.linspace(1, 0, 80, dtype=np.float32),
        np.full(80, PERSONAL, np.uint8),
    )
    matrix = texts(0, 80)

    alike = []
    for share in (0.0, 0.3, 1.0):
        rows = diversified(before, matrix, share).rows[:12]
        cosines = (matrix[rows] @ matrix[rows].T).toarray()
        alike.append((cosines.sum() - 12) / (12 * 11))

    assert alike == sorted(alike, reverse=True)
    assert alike[2] < 0.4 < alike[0]


@given(seed=seeds, n=st.integers(0, 90), cap=st.integers(0, 5), n_labels=st.integers(1, 12))
def test_a_page_has_at_most_the_cap_of_any_label_while_there_is_anything_else(
    seed, n, cap, n_labels
):
    before = ranking(n, seed)
    labels = {row: [f"l{row % n_labels}"] for row in before.rows.tolist()}

    after = capped(before, labels.__getitem__, cap)

    assert sorted(after.rows.tolist()) == sorted(before.rows.tolist())
    carried = Counter(labels[row][0] for row in before.rows.tolist())
    on_page = Counter(labels[row][0] for row in after.rows[:20].tolist())
    if cap and sum(min(cap, count) for count in carried.values()) >= min(20, n):
        assert max(on_page.values(), default=0) <= cap
    if cap == 0:
        assert after.rows.tolist() == before.rows.tolist()
