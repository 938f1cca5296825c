"""The gate: a candidate is published unless readers of the latest slice would surely be worse off.

Ranked for the readers of the holdout through the served blend, NDCG@20, paired over readers:

    against popularity   by a trial: the same training without the slice, where there is one
    against the served   by the candidate itself, and by the trial too when the served model has not
                         seen the slice either

A candidate is stopped when the interval of the mean difference lies below zero. The trial says whether
this way of training foresees; the candidate, which has seen the slice, whether these very arrays are
sound: shuffled factors or a broken text index fall behind what is served however much they have seen.
With too few readers nothing is known, and the candidate passes.
"""

import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.snapshot import Compared, Snapshot, Verdict, not_finite
from recsvc.core.ranking import metrics
from recsvc.core.ranking.params import BlendParams
from recsvc.core.text.terms import item_text, term_counts
from workers.training.holdout import Holdout
from workers.training.popularity import lists_by, readers_of
from workers.training.ranking import ndcg_of, served
from workers.training.training import Material

K = 20
_MAX_READERS = 500

Values = NDArray[np.float64]


def judge(
    candidate: Snapshot,
    trial: Snapshot | None,
    current: Snapshot | None,
    holdout: Holdout | None,
    material: Material,
    blend: BlendParams,
    min_readers: int,
) -> Verdict:
    """Return whether a candidate may be published.

    Args:
        trial: trained like the candidate, without the slice.
        current: what is served; None when there is nothing, or nothing that can be read.
        min_readers: with fewer readers in the slice, every candidate passes.
    """
    seed = candidate.manifest.seed  # of the readers drawn and of the bootstrap
    if (broken := not_finite(candidate.arrays())) is not None:
        return Verdict(False, f"its {broken.replace('_', ' ')} are not numbers")
    n_readers = 0 if holdout is None else len(holdout.users)
    if holdout is None or n_readers < min_readers:
        return Verdict(True, f"too few readers to tell: {n_readers}", n_readers)
    users = _drawn(holdout.users, seed)
    own = _ndcg(candidate, holdout, users, material, blend)
    foreseen = own if trial is None else _ndcg(trial, holdout, users, material, blend)
    popular = lists_by(readers_of(holdout.histories), holdout.histories, users, K)
    against = {"popularity": _compared(foreseen, ndcg_of(popular, holdout.targets, users, K), seed)}
    if current is not None:
        theirs = _ndcg(current, holdout, users, material, blend)
        against["served"] = _compared(own, theirs, seed)
        if trial is not None and current.manifest.created_us <= holdout.began_us:
            against["served, unseen"] = _compared(foreseen, theirs, seed)
    worse = [name for name, compared in against.items() if compared.high < 0]
    if worse:
        return Verdict(False, f"worse than {_named(worse[0], against)}", len(users), against)
    return Verdict(True, _passed(against), len(users), against)


def _passed(against: dict[str, Compared]) -> str:
    name = "served" if "served" in against else "popularity"
    return f"not worse than {_named(name, against)}"


def _named(name: str, against: dict[str, Compared]) -> str:
    c = against[name]
    what = "popularity" if name == "popularity" else "the served model"
    return f"{what}: NDCG@{K} {c.ours:.4f} against {c.theirs:.4f} ({c.low:+.4f} to {c.high:+.4f})"


def _drawn(users: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.sort(rng.permutation(users)[:_MAX_READERS])


def _ndcg(
    snapshot: Snapshot,
    holdout: Holdout,
    users: NDArray[np.int64],
    material: Material,
    blend: BlendParams,
) -> Values:
    """Return each reader's NDCG@20, texts that came after training described as when serving."""
    content, base = material.content, snapshot.manifest.n_rows
    known = np.zeros(material.n_rows, np.uint64)
    known[:base] = snapshot.text_digest
    arrived = np.flatnonzero((content.digest != 0) & (content.digest != known))
    items = [material.items[row] for row in arrived.tolist()]
    counts = term_counts(item_text(i.title, i.text, i.topics) for i in items)
    shipped = served(snapshot, blend, material.n_rows, arrived, counts)
    listed = np.zeros(material.n_rows, bool)
    listed[list(material.items)] = True
    return shipped.ndcg(holdout.histories, holdout.targets, users, K, listed)


def _compared(ours: Values, theirs: Values, seed: int) -> Compared:
    found = metrics.paired_interval(ours, theirs, np.random.default_rng(seed))
    return Compared(float(ours.mean()), float(theirs.mean()), found.low, found.high)
