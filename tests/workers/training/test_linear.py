"""The linear voice: fitted where a site's readers hear it, and nowhere else."""

import msgspec
import numpy as np
import pytest

from bench.goals.sites import LIBRARY, opening_us, site
from recsvc.core.model.snapshot import Snapshot, assemble
from recsvc.core.ranking.params import BlendParams
from recsvc.errors import SnapshotError
from tests.workers.training import world
from workers.training.candidate import RoundParams, carry_out

SMALL = msgspec.structs.replace(LIBRARY, days=8, readers=300, begun_with=150, born=2, seed=3)


@pytest.fixture(scope="module")
def material():
    return site(SMALL).until(opening_us(7))


def trained(material, params: RoundParams) -> Snapshot:
    return carry_out(material, None, None, params, lambda: 0.0).candidate


def test_what_nobody_hears_is_not_kept(material):
    silenced = msgspec.structs.replace(world.ROUND, blend=BlendParams(weights={"linear": 0.0}))
    as_set = msgspec.structs.replace(world.ROUND, learns_weights=False)

    for params in (silenced, as_set):
        snapshot = trained(material, params)
        assert snapshot.linear is None
        assert not any(name.startswith("linear") for name in snapshot.arrays())


def test_what_is_set_to_be_heard_is_kept_and_read_again(material):
    loud = BlendParams(weights={"linear": 1.0})
    params = msgspec.structs.replace(world.ROUND, blend=loud, learns_weights=False)

    snapshot = trained(material, params)

    arrays = snapshot.arrays()
    again = assemble(snapshot.manifest, arrays)
    assert snapshot.linear is not None
    assert again.linear is not None
    assert len(again.linear.rows) > 0
    assert np.array_equal(again.linear.weights, snapshot.linear.weights)
    outside = {**arrays, "linear_rows": arrays["linear_rows"] + snapshot.manifest.n_rows}
    for broken in (outside, {**arrays, "linear_starts": arrays["linear_starts"][1:]}):
        with pytest.raises(SnapshotError, match="linear"):
            assemble(snapshot.manifest, broken)
