"""What came or changed stands beside what was published, and nobody can tell."""

from functools import cache

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core import compiled
from recsvc.core.model.model import Model, Published, build, publish
from recsvc.core.model.nearest import nearest, nearest_among
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.text import tfidf
from recsvc.core.text.postings import Postings, posted
from recsvc.core.text.terms import term_counts
from tests.core.compiled.conftest import kernels
from tests.core.ranking.worlds import (
    LEARN,
    NOW_US,
    catalogue_of,
    evidence_of,
    past_of,
    reader_of,
    texts_of,
)
from tests.core.strategies import seeds
from workers.evaluation.trials import content_of
from workers.training.training import Way, fitted, tried

__all__ = ["kernels"]

_TRAINED, _CAME = 60, 12


@cache
def trained() -> Published:
    rng = np.random.default_rng(1)
    counts = term_counts(texts_of(rng, _TRAINED))
    content = content_of(counts, np.arange(_TRAINED), _TRAINED)
    past = past_of(rng, evidence_of(rng, 30, _TRAINED))
    return publish(fitted(past, content, Way(LEARN), tried(_TRAINED)))


def changed(seed: int) -> tuple[Model, Model]:
    """A model of which texts came and changed since its snapshot, and one posted anew as a whole."""
    rng = np.random.default_rng(seed)
    n = _TRAINED + _CAME
    edited = np.sort(rng.choice(_TRAINED, seed % 9, replace=False))
    rows = np.concatenate([edited, np.arange(_TRAINED, n)[rng.random(_CAME) < 0.7]])
    words = [f"newest{rng.integers(3)} {text}" for text in texts_of(rng, len(rows))]
    model = build(trained(), n, rows, term_counts([*words, ""])[: len(rows)])
    return model, msgspec.structs.replace(model, postings=Postings(model.texts.postings))


@given(seed=seeds, by=st.sampled_from(["numpy", "kernels"]))
def test_lists_are_those_of_texts_that_were_posted_as_a_whole(kernels, by, seed):
    rng = np.random.default_rng(seed)
    ours, whole = changed(seed)
    catalogue, reader = catalogue_of(rng, texts_of(rng, ours.n)), reader_of(rng, ours.n)
    params = BlendParams()

    with compiled.computing_with(kernels if by == "kernels" else None):
        found, expected = (
            Blend(m, common(catalogue, m, params, NOW_US), params).rank(
                reader, catalogue.visible, 50
            )
            for m in (ours, whole)
        )

    assert found.rows.tolist() == expected.rows.tolist()
    assert found.scores.tolist() == expected.scores.tolist()


@given(seed=seeds, by=st.sampled_from(["numpy", "kernels"]))
def test_the_nearest_among_the_known_are_those_of_a_product(kernels, by, seed):
    rng = np.random.default_rng(seed)
    n, new = 30, np.arange(0, 30, 3)
    counts = term_counts(texts_of(rng, n))
    texts = tfidf.weigh(counts, tfidf.fit(counts))
    before = msgspec.structs.replace(texts, terms=texts.terms.copy(), weights=texts.weights.copy())
    edited = np.sort(rng.choice(n, seed % 7, replace=False))
    before.weights[edited] = before.weights[edited[::-1]]
    postings = posted(before.postings, edited, texts.rows(edited), n)
    is_known = rng.random(n) < 0.6
    known = np.flatnonzero(is_known)

    with compiled.computing_with(kernels if by == "kernels" else None):
        found = nearest_among(texts.rows(new), postings, is_known, 8)
        expected = nearest(texts.rows(new), texts.rows(known), n)

    # Which of two that are as near is left out, and the last digit of a sum, nobody promises.
    for ours, theirs in zip(found.toarray(), expected.toarray(), strict=True):
        best = np.sort(theirs[theirs > 0])[::-1][:8]
        kept = np.sort(ours[ours > 0])[::-1]
        assert len(kept) == len(best)
        assert np.allclose(kept / kept.sum(), best / best.sum(), atol=1e-5)
    assert found.toarray()[:, ~is_known].sum() == 0
