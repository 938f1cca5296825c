import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.model import build
from recsvc.core.ranking.voices.content import content, profile, shares
from recsvc.core.text.terms import term_counts
from tests.core.strategies import seeds

_WORDS = [f"word{i}" for i in range(60)]


@given(seed=seeds, n_history=st.integers(1, 40))
def test_by_term_or_by_text_the_likeness_is_the_same(seed, n_history):
    rng = np.random.default_rng(seed)
    rare = np.arange(1, 61) ** -1.5
    texts = [" ".join(rng.choice(_WORDS, 12, p=rare / rare.sum())) for _ in range(40)]
    model = build(None, 40, np.arange(40), term_counts(texts))
    history = rng.choice(40, n_history, replace=False)
    evidence = rng.normal(1, 1, n_history).astype(np.float32)
    wanted = profile(model.texts, history, evidence)

    found = content(model, wanted)

    assert np.allclose(
        found, model.texts.matrix.toarray() @ wanted.of_all(model.texts.n_terms), atol=1e-4
    )
    # Shares of liked items add up to it.
    shared = shares(model.texts, np.arange(40), history, evidence)
    assert np.allclose(shared.sum(axis=1), found, atol=1e-4)
