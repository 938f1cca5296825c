"""What comes next: learned where a site is read in an order, absent from older models."""

import msgspec
import numpy as np
import pytest

from bench.goals.orders import ShopParams, shop
from recsvc.core.model.snapshot import Snapshot, assemble
from recsvc.core.ranking.blend import Blend
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.reader import Reader
from tests.workers.training import world
from workers.training.candidate import carry_out
from workers.training.ranking import Ranked, model_of, ranked, served

SHOP = ShopParams(readers=1_200, items=700, subjects=20, years=1.0)


@pytest.fixture(scope="module")
def trained() -> Snapshot:
    return carry_out(shop(SHOP), None, None, world.ROUND, lambda: 0.0).candidate


def test_a_site_that_is_read_in_an_order_learns_to_hear_it(trained: Snapshot):
    manifest = trained.manifest

    assert manifest.weights["next"] > 0
    assert manifest.verdict is not None
    assert manifest.verdict.foreseen is not None
    as_set = msgspec.structs.replace(world.ROUND, learns_weights=False)
    silent = carry_out(shop(SHOP), None, None, as_set, lambda: 0.0).candidate.manifest.verdict
    assert silent is not None
    assert silent.foreseen is not None
    assert manifest.verdict.foreseen > 1.2 * silent.foreseen


def test_what_nobody_hears_is_not_kept(trained: Snapshot):
    assert (trained.linear is not None) == (trained.manifest.weights["linear"] > 0)


def test_what_was_done_last_decides_what_comes_next(trained: Snapshot):
    starts, rows = trained.transitions.starts, trained.transitions.rows
    first, last = np.flatnonzero(np.diff(starts) > 0)[[0, -1]]
    everything = np.ones(trained.manifest.n_rows, bool)
    only = msgspec.structs.replace(model_of(trained), weights={})
    blend = ranked(only, BlendParams(weights={"next": 1e3}))

    for history in ([first, last], [last, first]):
        who = Reader(np.array(history), np.ones(2, np.float32), [], history)
        listed = _ranked(blend, who, everything)[0]
        latest = history[-1]
        assert listed in rows[starts[latest] : starts[latest + 1]]


def test_a_snapshot_of_a_version_that_knew_no_order_is_served_as_it_was(trained: Snapshot):
    arrays = trained.arrays()
    former = {name: a for name, a in arrays.items() if not name.startswith("transition")}

    found = assemble(trained.manifest, former)

    assert len(found.transitions.rows) == 0
    again = assemble(trained.manifest, arrays)
    assert np.array_equal(again.transitions.weights, trained.transitions.weights)
    blend = BlendParams(weights={"next": 0.0})
    everything = np.ones(trained.manifest.n_rows, bool)
    who = Reader(np.array([1, 2]), np.ones(2, np.float32), [], [1, 2])
    lists = [_ranked(served(s, blend), who, everything).tolist() for s in (found, again)]
    assert lists[0] == lists[1]


def _ranked(blend: Ranked, who: Reader, candidates: np.ndarray) -> np.ndarray:
    return Blend(blend.model, blend.common, blend.params).rank(who, candidates, 20).rows
