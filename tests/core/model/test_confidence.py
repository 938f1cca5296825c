import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.confidence import ConfidenceParams, reader_confidence, weigh
from tests.core.strategies import seeds

params = st.builds(
    ConfidenceParams,
    alpha=st.sampled_from([1.0, 20.0, 40.0]),
    user_exponent=st.sampled_from([0.0, 0.25, 0.5]),
    item_exponent=st.sampled_from([0.0, 0.25, 0.5]),
)


@given(seed=seeds, params=params)
def test_a_reader_is_weighed_at_request_time_as_in_training(seed, params):
    rng = np.random.default_rng(seed)
    evidence = sp.random(20, 15, 0.3, "csr", np.float32, rng)
    evidence.data = (rng.random(evidence.nnz) * 6 - 1).astype(np.float32)
    evidence.eliminate_zeros()

    trained, weighting = weigh(evidence, params)

    for user in range(20):
        row, expected = evidence[user], trained[user]
        found = reader_confidence(row.data, row.indices.astype(np.int64), weighting)
        assert np.allclose(found, expected.data, rtol=1e-4)
        assert (np.abs(found) >= 1).all()
        assert (np.sign(found) == np.sign(row.data)).all()
