"""Random catalogues with readers, boards and a trained model, for the tests of ranking."""

import msgspec
import numpy as np
import scipy.sparse as sp

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, BoardRow
from recsvc.core.model.model import Model, build, publish
from recsvc.core.readers.profile import Interaction
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import term_counts
from workers.evaluation.trials import content_of
from workers.training.params import AlsParams, LearnParams
from workers.training.past import Past
from workers.training.training import Way, fitted, tried

NOW_US = 1_763_000_000_000_000
LEARN = LearnParams(als=AlsParams(factors=8, threads=1))
_WORDS = [f"word{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]


class World(msgspec.Struct, frozen=True):
    """A catalogue, its model, and somebody who reads."""

    catalogue: Catalogue
    model: Model
    reader: Reader
    texts: list[str]


def texts_of(rng: np.random.Generator, n: int) -> list[str]:
    return [" ".join(rng.choice(_WORDS, rng.integers(1, 20))) for _ in range(n)]


def catalogue_of(rng: np.random.Generator, texts: list[str]) -> Catalogue:
    made = Catalogue()
    for row, text in enumerate(texts):
        listed_us = NOW_US - int(rng.integers(40)) * DAY_US
        made.put(row, StoredItem(id=f"i{row}", title=text, created_us=listed_us))
        if rng.random() < 0.3:
            score = (NOW_US - EPOCH_US) / (36 * HOUR_US) + float(rng.normal(0, 3))
            made.set_board(f"i{row}", BoardRow(2, NOW_US, (score,) * 4, {}))
    return made


def evidence_of(rng: np.random.Generator, n_users: int, n: int) -> sp.csr_matrix:
    values = rng.choice([1.0, 4.0, -4.0], (n_users, n), p=[0.5, 0.4, 0.1])
    return sp.csr_matrix(values * (rng.random((n_users, n)) < 0.15), dtype=np.float32)


def past_of(rng: np.random.Generator, evidence: sp.csr_matrix) -> Past:
    """Return what readers did, each thing on one of the latest days."""
    days = NOW_US - rng.integers(0, 30, evidence.nnz).astype(np.float64) * DAY_US
    return Past(evidence, sp.csr_matrix((days, evidence.indices, evidence.indptr), evidence.shape))


def model_of(rng: np.random.Generator, texts: list[str], n_trained: int) -> Model:
    """Return a model of which the first rows were trained on; none without readers."""
    n, counts = len(texts), term_counts(texts)
    if n_trained == 0:
        return build(None, n, np.arange(n), counts)
    content = content_of(counts[:n_trained], np.arange(n_trained), n_trained)
    past = past_of(rng, evidence_of(rng, 40, n_trained))
    snapshot = fitted(past, content, Way(LEARN, is_linear=True), tried(n_trained))
    return build(publish(snapshot), n, np.arange(n_trained, n), counts[n_trained:])


def reader_of(rng: np.random.Generator, n: int, most: int = 12) -> Reader:
    m = int(rng.integers(1, min(n, most) + 1))
    rows = rng.choice(n, m, replace=False)
    evidence = rng.choice([1.0, 4.0, 5.0], m).astype(np.float32)
    done = [Interaction(f"i{row}", {"upvote": 5}, {}, 5) for row in rows.tolist()]
    return Reader(rows, evidence, done, rows.tolist())


def world(seed: int, n: int = 120, n_trained: int = 90) -> World:
    rng = np.random.default_rng(seed)
    texts = texts_of(rng, n)
    model = model_of(rng, texts, n_trained)
    return World(catalogue_of(rng, texts), model, reader_of(rng, n), texts)
