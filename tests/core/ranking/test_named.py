"""The item that a reason names is the one without which the score would lose most."""

import msgspec
import numpy as np
import pytest

from recsvc.core.model.factors import fold_in, lost_without, solver
from recsvc.core.ranking.blend import Blend, common_to_nobody
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes
from recsvc.core.readers.reader import Reader
from tests.core.ranking.worlds import World, world

HEAD = slice(0, 20)


def without(who: Reader, place: int) -> Reader:
    """Return a reader who never did one thing; it is still not listed."""
    return msgspec.structs.replace(
        who,
        rows=np.delete(who.rows, place),
        evidence=np.delete(who.evidence, place),
        interactions=who.interactions[:place] + who.interactions[place + 1 :],
    )


def named(w: World, params: BlendParams) -> list[bool]:
    """Return of each reason that names an item whether the score loses most without that."""
    blend = Blend(w.model, common_to_nobody(w.model, params), params)
    everything = np.ones(w.model.n, bool)
    who = msgspec.structs.replace(w.reader, excluded=w.reader.rows.tolist())

    def scores(reader: Reader) -> np.ndarray:
        ranking = blend.rank(reader, everything, w.model.n)
        found = np.full(w.model.n, -np.inf)
        found[ranking.rows] = ranking.scores
        return found

    ranking = blend.rank(who, everything, w.model.n)
    rows = ranking.rows[HEAD]
    left = np.stack([scores(without(who, i))[rows] for i in range(len(who.rows))])
    costliest = left.argmin(axis=0)
    found = causes(w.model, who, ranking, HEAD)
    return [c.history == i for c, i in zip(found, costliest, strict=True) if c.history is not None]


@pytest.mark.parametrize("loud", ["", "personal"])
def test_the_named_item_is_the_one_whose_removal_costs_most(loud):
    voices = ("personal", "similar", "content")
    params = BlendParams()
    if loud:
        params = params.with_weights({name: 1.0 if name == loud else 0.001 for name in voices})

    is_right = [right for seed in range(10) for right in named(world(seed), params)]

    # Chance made these worlds, where hardly anything speaks louder than the rest.
    assert len(is_right) > 100
    assert np.mean(is_right) >= 0.82


@pytest.mark.parametrize("seed", range(3))
def test_what_a_taste_loses_without_an_interaction_is_what_solving_anew_says(seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 0.3, (200, 12)).astype(np.float32)
    confidence = (1 + 20 * rng.random(9)).astype(np.float32)
    confidence[4] *= -1
    own, prepared = factors[:9], solver(factors, 3.0)
    found = fold_in(own, confidence, prepared)

    lost = found.influence * lost_without(own, found)

    for i in np.flatnonzero(confidence > 0).tolist():
        left = fold_in(np.delete(own, i, 0), np.delete(confidence, i), prepared).factors
        assert np.allclose(found.factors - left, lost[:, i], atol=1e-5)
