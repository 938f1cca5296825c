"""Another engine than the one in use: plain numpy, given to the trainer, and served from."""

from pathlib import Path

import numpy as np
import pytest

from recsvc.core.ranking.params import BlendParams
from recsvc.store.connection import Redis
from tests.workers.site import Site
from tests.workers.training import world
from workers.training.engine import FittedFactors
from workers.training.interactions import Interactions, interactions
from workers.training.learning import Beginning, learn
from workers.training.ranking import served
from workers.training.training import Material, Way, announced, fitted

pytestmark = pytest.mark.anyio


class Exact:
    """Alternating least squares by exact solves, and how often it was asked for what."""

    def __init__(self) -> None:
        self.starts: list[bool] = []

    def fit(self, confidence, params, start):
        self.starts.append(start is not None)
        weights = confidence.toarray().astype(np.float64)
        rng = np.random.default_rng(params.seed)
        items = rng.normal(0, 0.1, (weights.shape[1], params.factors)) if start is None else start
        for _ in range(params.iterations if start is None else params.warm_iterations):
            users = solved(weights, np.asarray(items, np.float64), params.regularization)
            items = solved(weights.T, users, params.regularization)
        items[(weights == 0).all(axis=0)] = 0
        return FittedFactors(users.astype(np.float32), items.astype(np.float32))


def solved(weights, fixed, regularization):
    """Return the factors of each row of a confidence matrix, those of the columns fixed."""
    gram = fixed.T @ fixed + regularization * np.eye(fixed.shape[1])
    found = np.zeros((len(weights), fixed.shape[1]))
    for row, w in enumerate(weights):
        seen = np.flatnonzero(w)
        Y, c = fixed[seen], np.abs(w[seen])
        found[row] = np.linalg.solve(gram + (Y.T * (c - 1)) @ Y, Y.T @ np.maximum(w[seen], 0))
    return found


def interactions_of(material: Material) -> Interactions:
    profile = world.PARAMS.profile
    return interactions(material.log, profile, material.now_us)


def test_a_snapshot_of_another_engine_ranks_like_one_of_the_engine_in_use():
    material = world.material()
    found, about = interactions_of(material), announced(material, 1)
    everything, users = np.ones(material.n_rows, bool), np.arange(len(found.users))
    subject = np.array([int(user[1:]) % world.SUBJECTS for user in found.users])

    def share_of_own_subject(**options) -> float:
        snapshot = fitted(found.past, material.content, Way(world.LEARN, **options), about)
        ranked = served(snapshot, BlendParams(similar=0, content=0))
        lists = ranked.rankings(found.evidence, users, 1, everything)
        return float(np.mean([r.rows[0] % world.SUBJECTS for r in lists] == subject))

    assert share_of_own_subject(engine=Exact()) > 0.9
    assert abs(share_of_own_subject(engine=Exact()) - share_of_own_subject()) < 0.1


def test_an_engine_that_goes_on_is_given_what_there_was():
    material = world.material()
    past, engine = interactions_of(material).past, Exact()

    first = learn(past, material.content.texts, world.LEARN, engine=engine)
    on = learn(past, material.content.texts, world.LEARN, Beginning(first.factors), engine)

    assert engine.starts == [False, True]
    assert np.abs(on.factors - first.factors).max() < 0.5


async def test_the_trainer_trains_and_publishes_with_the_engine_it_is_given(
    redis: Redis, tmp_path: Path
):
    site, engine = Site(redis, tmp_path), Exact()
    await site.fill()

    manifest = await site.train(engine=engine)

    assert engine.starts
    assert manifest.was_published
    assert await site.snapshots.current() == manifest.snapshot_id
    snapshot = await site.snapshots.load(manifest.snapshot_id, await site.items.catalogue_id())
    assert np.isfinite(snapshot.item_factors).all()
    assert snapshot.item_factors.any()
