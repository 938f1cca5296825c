"""A snapshot is taken only whole: nothing in it is no number, or points to what there is not."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.snapshot import Snapshot, assemble
from recsvc.core.text.terms import term_counts
from recsvc.errors import SnapshotError
from tests.core.ranking.worlds import LEARN, evidence_of, texts_of
from workers.evaluation.trials import content_of, snapshot_of

_N = 40
# What an index may not be, whatever it points into.
_OUTSIDE = [-1, -(2**31), 2**31 - 1, 10**6]


@cache
def trained() -> Snapshot:
    rng = np.random.default_rng(3)
    content = content_of(term_counts(texts_of(rng, _N)), np.arange(_N), _N)
    return snapshot_of(evidence_of(rng, 30, _N), content, LEARN)


def test_what_was_trained_is_taken():
    snapshot = trained()

    assert assemble(snapshot.manifest, snapshot.arrays()).neighbours.n == _N


@given(
    name=st.sampled_from(["text_terms", "neighbour_rows", "neighbour_starts"]),
    place=st.integers(0, 10**6),
    value=st.sampled_from(_OUTSIDE),
)
def test_an_index_that_points_outside_is_refused(name, place, value):
    snapshot = trained()
    arrays = snapshot.arrays()
    broken = arrays[name].copy()
    broken.reshape(-1)[place % broken.size] = value

    with pytest.raises(SnapshotError, match="points out of its array"):
        assemble(snapshot.manifest, arrays | {name: broken})


@pytest.mark.parametrize("name", ["neighbour_rows", "neighbour_weights"])
def test_lists_that_were_cut_off_are_refused(name):
    snapshot = trained()
    arrays = snapshot.arrays()

    with pytest.raises(SnapshotError, match="points out of its array"):
        assemble(snapshot.manifest, arrays | {name: arrays[name][:-1]})


def test_arrays_of_another_type_are_refused():
    snapshot = trained()
    arrays = snapshot.arrays()

    with pytest.raises(SnapshotError, match="another type"):
        assemble(
            snapshot.manifest,
            arrays | {"neighbour_rows": arrays["neighbour_rows"].astype(np.int64)},
        )
