"""A crowd of items that have nothing to do with a reader changes nothing about what does."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import Model, build, publish
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import Interaction
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import term_counts
from tests.core.ranking.worlds import LEARN, NOW_US
from tests.core.strategies import seeds
from workers.evaluation.trials import content_of, snapshot_of

SUBJECTS = ("lynx", "otter", "crane", "viper")
PER_SUBJECT = 10
N_ZOO = len(SUBJECTS) * PER_SUBJECT


def texts_with(n_strangers: int) -> list[str]:
    numbers = range(PER_SUBJECT)
    zoo = [f"{name} study {i} {name} {name} field notes" for name in SUBJECTS for i in numbers]
    return zoo + [f"meadow{i % 5} study pond{i % 5} {i}" for i in range(n_strangers)]


def model_of(rng: np.random.Generator, texts: list[str], n_read: int) -> Model:
    """Return a model of readers of whom each went for one item of the zoo."""
    counts = term_counts(texts)
    read = rng.choice(N_ZOO, n_read, replace=False)
    evidence = np.zeros((n_read, len(texts)), np.float32)
    evidence[np.arange(n_read), read] = 4.0
    content = content_of(counts, np.arange(len(texts)), len(texts))
    snapshot = snapshot_of(sp.csr_matrix(evidence), content, LEARN)
    return build(publish(snapshot), len(texts), np.empty(0, np.int64), counts[:0])


@settings(max_examples=20, deadline=None)
@given(
    seed=seeds, n_strangers=st.sampled_from([0, 100, 1_000, 3_000]), n_read=st.integers(1, N_ZOO)
)
def test_what_is_of_the_readers_subject_leads_however_many_items_are_of_none(
    seed, n_strangers, n_read
):
    rng = np.random.default_rng(seed)
    texts = texts_with(n_strangers)
    model = model_of(rng, texts, n_read)
    catalogue = Catalogue()
    for row, text in enumerate(texts):
        catalogue.put(row, StoredItem(id=f"i{row}", title=text, created_us=NOW_US - row))
    mine = int(rng.integers(N_ZOO))
    reader = Reader(
        np.array([mine]), np.array([4.0], np.float32),
        [Interaction(f"i{mine}", {"upvote": 5}, {}, 5)], [mine],
    )  # fmt: skip
    params = BlendParams()

    found = Blend(model, common(catalogue, model, params, NOW_US), params).rank(
        reader, catalogue.visible, PER_SUBJECT - 1
    )

    assert {row // PER_SUBJECT for row in found.rows.tolist()} == {mine // PER_SUBJECT}
