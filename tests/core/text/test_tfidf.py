import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from recsvc.core.text import tfidf
from recsvc.core.text.terms import N_COLUMNS, searchable, term_counts, terms
from tests.core.strategies import seeds


@given(seed=seeds, n=st.integers(1, 30))
def test_weights_are_those_of_the_textbook(seed, n):
    rng = np.random.default_rng(seed)
    counts = sp.csr_matrix(
        rng.integers(1, 5, (n, 40)) * (rng.random((n, 40)) < 0.3), dtype=np.float32
    )
    fitted = tfidf.fit(counts)
    kept = sp.csr_matrix(counts.toarray()[:, fitted.columns])

    found = tfidf.weigh(counts, fitted).matrix.toarray()

    df = np.asarray((kept > 0).sum(0)).ravel()
    expected = kept.astype(np.float64).toarray()
    expected[expected > 0] = 1 + np.log(expected[expected > 0])
    expected *= np.log((1 + n) / (1 + df)) + 1
    norms = np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(found, expected / np.where(norms > 0, norms, 1), atol=1e-5)
    # The same without the terms of one document only: scikit-learn agrees.
    if kept.shape[1] == 0:
        return
    theirs = TfidfTransformer(sublinear_tf=True).fit_transform(kept).toarray()
    assert np.allclose(found, theirs, atol=1e-5)


@given(texts=st.lists(st.text(max_size=60) | st.text("ab é注意\\s", max_size=60), max_size=6))
def test_terms_are_counted_in_the_same_columns_on_every_machine(texts):
    theirs = HashingVectorizer(
        analyzer=terms, n_features=N_COLUMNS, alternate_sign=False, norm=None, dtype=np.float32
    )

    found = term_counts(texts)

    assert found.shape == (len(texts), N_COLUMNS)
    if texts:
        assert (found != theirs.transform(texts)).nnz == 0


def test_an_item_keeps_its_heaviest_terms_only():
    counts = sp.csr_matrix(np.arange(1, 2 * tfidf.WIDTH + 1, dtype=np.float32)[None].repeat(2, 0))

    found = tfidf.weigh(counts, tfidf.fit(counts))

    assert sorted(found.terms[0].tolist()) == list(range(tfidf.WIDTH, 2 * tfidf.WIDTH))
    assert np.isclose(np.linalg.norm(found.weights[0]), 1)


def test_terms_of_any_language_survive_tex_and_accents():
    assert list(terms(r"Les \'etudes $\mathbb{USCD}$ d\'ecrit \alpha-divergence")) == [
        "les", "etude", "uscd", "decrit", "divergence",
    ]  # fmt: skip
    assert list(terms("Étude COGNITIVE")) == ["etude", "cognitive"]
    assert list(terms("注意力机制")) == ["注意", "意力", "力机", "机制"]
    assert list(terms("")) == []


def test_texts_that_share_words_are_alike():
    fitted = tfidf.fit(
        counts := term_counts(["red fox jumps", "red fox sleeps", "green tea pot"] * 2)
    )

    similar = (m := tfidf.weigh(counts, fitted).matrix) @ m.T

    assert similar[0, 1] > similar[0, 2] == 0


def test_what_most_of_many_items_say_weighs_nothing():
    texts = [f"everybody says paper number{i % 9}" for i in range(1_000)]
    counts = term_counts(texts)

    found = tfidf.weigh(counts, tfidf.fit(counts))

    assert ((found.weights > 0).sum(axis=1) == 1).all()
    few = tfidf.weigh(counts[:30], tfidf.fit(counts[:30]))
    assert ((few.weights > 0).sum(axis=1) > 1).all()


words = st.sampled_from(
    ["common", "rare", "gazette", "red", "fox", "the", "a", "注意力", "\\x", ""]
)


@given(
    texts=st.lists(st.lists(words, max_size=5).map(" ".join), max_size=40), n_common=st.just(1_000)
)
@settings(max_examples=50)
def test_every_row_is_of_length_one_or_empty_whatever_the_texts(texts, n_common):
    boilerplate = term_counts(["common gazette"] * n_common)
    counts = sp.vstack([boilerplate, term_counts(texts)], format="csr")

    found = tfidf.weigh(counts, tfidf.fit(counts))

    lengths = np.linalg.norm(found.weights, axis=1)
    assert np.isfinite(found.weights).all()
    assert (np.isclose(lengths, 1) | (lengths == 0)).all()


HAN = st.text("李明自然語言処理のカナ", min_size=1, max_size=6)


@given(words=st.lists(HAN, min_size=1, max_size=4))
def test_a_space_within_chinese_or_japanese_tells_nothing(words):
    apart, together = " ".join(words), "".join(words)

    assert list(terms(apart)) == list(terms(together))
    assert searchable(f"x {apart} y") == searchable(f"x {together} y")


def test_a_space_within_korean_or_between_lines_divides():
    assert set(terms("자연어 처리")) == {"자연", "연어", "처리"}
    assert set(terms("李明\n自然")) == {"李明", "自然"}
