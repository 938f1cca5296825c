"""Tuning: what is found depends on the log and the seed; factors are fitted with the rest."""

import numpy as np
import scipy.sparse as sp

from recsvc.core.ranking.params import BlendParams
from workers.evaluation.trials import content_of
from workers.training.holdout import at_random
from workers.training.params import AlsParams, LearnParams
from workers.training.trying import Means
from workers.training.tuning import Found, Sitting, Window, tune

BLEND = BlendParams(similar=0, content=0, just_read=0, weights={"recent": 0.0, "next": 0.0})


def tuned(n_tastes: int, factors: int, budget_s: float = 1e9) -> Found:
    """Search on a site whose readers have one of so many tastes, for a hundred items each kept apart."""
    rng = np.random.default_rng(0)
    n_readers, each = 300, 8
    own = rng.permuted(np.tile(np.arange(12), (n_readers, 1)), axis=1)[:, :each]
    columns = (own + 12 * (np.arange(n_readers) % n_tastes)[:, None]).ravel()
    at = (np.repeat(np.arange(n_readers), each), columns)
    evidence = sp.csr_matrix((np.ones(len(columns)), at), (n_readers, 12 * n_tastes), np.float32)
    past, targets = at_random(evidence, 0.2, seed=1)
    window = Window(past, targets, content_of(None, np.empty(0, np.int64), evidence.shape[1]))
    begin = LearnParams(als=AlsParams(factors=factors, threads=1))
    return tune(window, begin, Means(BLEND), Sitting(budget_s, lambda: 0.0))


def test_a_site_of_many_tastes_gets_the_factors_to_tell_them_apart():
    found = tuned(n_tastes=30, factors=4)

    assert found.params.als.factors >= 32
    assert found.ndcg > 1.1 * found.ndcg_before


def test_factors_that_gain_nothing_are_not_paid_for():
    assert tuned(n_tastes=2, factors=64).params.als.factors <= 64


def test_the_same_log_and_seed_find_the_same():
    one, other = tuned(2, 64), tuned(2, 64)

    assert one.params == other.params
    assert one.ndcg == other.ndcg
