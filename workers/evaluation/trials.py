"""Trials: the worker's training, driven by matrices instead of an event log."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.snapshot import Snapshot
from recsvc.core.text import tfidf
from recsvc.core.text.terms import N_COLUMNS
from workers.training.learning import NOTHING, Beginning
from workers.training.params import LearnParams
from workers.training.past import Past
from workers.training.training import Content, Way, fitted, tried

Rows = NDArray[np.int64]


def content_of(counts: sp.csr_matrix | None, known: Rows, n_rows: int) -> Content:
    """Return what the texts of some items say; of the others nothing is known yet.

    Args:
        counts: (n_rows, columns) term counts; None where there are no texts at all.
        known: (k,) rows whose texts are known at training.
    """
    digest = np.zeros(n_rows, np.uint64)
    if counts is None:
        nothing = sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)
        return Content(digest, tfidf.fit(nothing), tfidf.empty(n_rows, 0))
    terms = tfidf.fit(counts[known])
    weighed = tfidf.weigh(counts[known], terms)
    texts = tfidf.empty(n_rows, weighed.n_terms)
    texts.terms[known], texts.weights[known] = weighed.terms, weighed.weights
    digest[known] = 1
    return Content(digest, terms, texts)


def snapshot_of(
    evidence: sp.csr_matrix,
    content: Content,
    params: LearnParams,
    begin: Beginning = NOTHING,
) -> Snapshot:
    """Train as the worker does.

    Args:
        evidence: (n_users, n_rows).
    """
    about = tried(evidence.shape[1], int(evidence.nnz))
    return fitted(Past(evidence), content, Way(params), about, begin)
