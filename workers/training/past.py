"""The past: what readers did, as far as models learn from it."""

import msgspec
import scipy.sparse as sp


class Past(msgspec.Struct, frozen=True):
    """What readers did.

    Attributes:
        evidence: (n_users, n_rows) without explicit zeros; negative means disliked.
        latest_us: (n_users, n_rows) when the latest event behind each was, of the same entries; None
            where nobody knows: then nothing is learned of what comes next.
    """

    evidence: sp.csr_matrix
    latest_us: sp.csr_matrix | None = None
