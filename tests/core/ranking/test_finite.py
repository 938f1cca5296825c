"""Whatever the texts and whatever the order of arrival: scores are numbers, and lists are not empty."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import BoardRow, votes_worth
from recsvc.core.model.factors import fold_in, solver
from recsvc.core.model.model import build, publish, with_warmed
from recsvc.core.model.neighbours import lists
from recsvc.core.model.warming import Visit, warm
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.cursor import pack, unpack
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes
from recsvc.core.readers.kinds import kinds_with
from recsvc.core.text.terms import item_text, term_counts
from recsvc.errors import SettingsError
from tests.core.ranking.worlds import LEARN, NOW_US, evidence_of, reader_of
from tests.core.strategies import seeds
from workers.evaluation.trials import content_of, snapshot_of

BOILERPLATE = "we propose a novel method and show that it outperforms the state of the art"
texts = st.one_of(
    st.just(""),
    st.just("word"),
    st.just(BOILERPLATE),
    st.just("repeated " * 500),
    st.builds(lambda n: f"{BOILERPLATE} number{n}", st.integers(0, 9)),
    st.builds(lambda n: " ".join(f"huge{i * n}" for i in range(400)), st.integers(1, 5)),
    st.text(max_size=40),
    st.sampled_from(
        ["\x00\\'{}", "\\" * 200, "漢字" * 60, "é" * 99 + "\u0301" * 50, "🙂 🙂", "NaN inf -1e999"]
    ),
)
topics = st.lists(st.sampled_from(["cs.LG", "", "NaN", "topic " * 40, "漢"]), max_size=3)


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(st.tuples(texts, topics), min_size=1, max_size=12),
    n=st.sampled_from([1, 2, 3, 17, 60, 300]),
    trained_share=st.sampled_from([0.0, 0.3, 1.0]),
    seed=seeds,
)
def test_scores_are_numbers_and_no_list_is_empty(said, n, trained_share, seed):
    rng = np.random.default_rng(seed)
    drawn = [said[i] for i in rng.integers(len(said), size=n)]
    counts = term_counts([item_text(title, title, about) for title, about in drawn])
    catalogue = Catalogue()
    for row, (title, _) in enumerate(drawn):
        catalogue.put(row, StoredItem(id=f"i{row}", title=title, created_us=NOW_US))
    n_trained = int(n * trained_share)
    if n_trained:
        content = content_of(counts[:n_trained], np.arange(n_trained), n_trained)
        snapshot = snapshot_of(evidence_of(rng, 9, n_trained), content, LEARN)
        model = build(publish(snapshot), n, np.arange(n_trained, n), counts[n_trained:])
    else:
        model = build(None, n, np.arange(n), counts)
    who = reader_of(rng, n)

    shared = common(catalogue, model, BlendParams(), NOW_US)
    ranking = Blend(model, shared, BlendParams()).rank(who, catalogue.visible, 300)

    assert np.isfinite(ranking.scores).all()
    assert len(ranking.rows) == min(300, n - len(who.rows))
    assert all(0 <= c.share <= 1 for c in causes(model, who, ranking, slice(0, 20)))


@given(seed=seeds, size=st.sampled_from([0.0, 1e-20, 1.0, 1e4]), m=st.integers(0, 12))
def test_a_reader_is_folded_in_even_where_nothing_holds_the_factors_back(seed, size, m):
    rng = np.random.default_rng(seed)
    factors = np.repeat(rng.normal(0, size, (3, 8)), 10, axis=0).astype(np.float32)
    confidence = (10.0 ** rng.uniform(0, 6, m)).astype(np.float32)

    found = fold_in(factors[rng.integers(30, size=m)], confidence, solver(factors, 0.0))

    assert np.isfinite(found.factors).all()
    assert np.isfinite(found.influence).all()


def test_a_system_that_cannot_be_solved_says_nothing():
    broken = np.full((2, 3), np.nan, np.float32)

    found = fold_in(broken, np.ones(2, np.float32), solver(np.eye(3, dtype=np.float32), 1.0))

    assert not found.factors.any()


@given(weights=st.lists(st.floats(0, 1e30) | st.just(np.nan) | st.just(np.inf), max_size=9))
def test_weights_of_neighbours_are_numbers_however_large(weights):
    n = max(len(weights), 1)
    matrix = sp.csr_matrix((weights, (range(len(weights)), range(len(weights)))), (n, n))

    assert np.isfinite(lists(matrix).weights).all()


def test_what_was_warmed_with_evidence_beyond_all_measure_keeps_its_factors():
    rng = np.random.default_rng(3)
    counts = term_counts([f"word{i % 7} sign{i % 5}" for i in range(40)])
    content = content_of(counts, np.arange(40), 40)
    model = build(
        publish(snapshot_of(evidence_of(rng, 30, 40), content, LEARN)), 40, np.arange(0), counts[:0]
    )
    endless = Visit(np.array([1, 2]), np.array([np.inf, 1.0], np.float32), np.inf)
    plain = Visit(np.array([1, 2]), np.array([4.0, 1.0], np.float32), 4.0)

    with np.errstate(all="ignore"):
        found = warm(model, {3: [endless], 4: [plain]})

    assert np.isfinite(found.factors).all()
    assert np.isfinite(found.led_weight).all()
    assert 4 in found.rows
    learned = with_warmed(model, found).learned
    assert learned is not None
    assert np.isfinite(learned.factors).all()


@given(score=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]), half_life=st.floats(1e-3, 1e15))
def test_what_boards_say_is_worth_a_number(score, half_life):
    catalogue = Catalogue()
    catalogue.put(0, StoredItem(id="a", title="a", created_us=1))
    catalogue.set_board("a", BoardRow(1, NOW_US, (score,) * 4, {}))

    worth = votes_worth(catalogue.scores("week"), half_life, NOW_US)

    assert np.isfinite(worth.astype(np.float32)).all()


def test_a_list_is_packed_with_scores_that_two_bytes_cannot_hold():
    scores = np.array([3e38, 70_000, 1.5, -3e38], np.float32)

    found = unpack(pack(np.arange(4), scores, np.zeros(4, np.uint8)))

    assert found[0].tolist() == [0, 1, 2, 3]
    assert found[1].tolist() == [65504, 65504, 1.5, -65504]
    assert found[2].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("weight", [1e300, -1e7, float("nan"), float("inf")])
def test_a_kind_cannot_weigh_beyond_all_measure(weight):
    with pytest.raises(SettingsError, match="beyond"):
        kinds_with({"purchase": weight})
