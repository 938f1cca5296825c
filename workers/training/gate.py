"""The gate: a candidate is published unless readers would surely be worse off.

What is compared are ways of training, each without a slice of the log, by what its readers went for
within the slice: NDCG@20 through the served blend, as of the moment of the cut, paired over readers.

    popularity    ever and of 1, 3 and 7 days, and what is trending: lists that are everybody's
    served        the served arrays themselves where they are older than the slice; otherwise, if it was
                  trained in another way, a refit in that way without the slice

A candidate is stopped when the interval of a mean difference to what was served, or to popularity ever,
lies below zero; the other lists stand in the verdict for who reads it. Its own figure is that of
its trial: the same training without the slice. What a model says of events it has learned from decides
nothing: one that overfits would win every time.

Whether the candidate's very arrays are sound is another question (`soundness`).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.snapshot import Compared, Snapshot, Verdict, not_finite
from recsvc.core.ranking import metrics
from workers.training.holdout import Holdout
from workers.training.popularity import POPULARITY, TRENDING, lists_by, opponents
from workers.training.ranking import ndcg_of
from workers.training.soundness import unsound
from workers.training.training import Material
from workers.training.trying import K, Means, Trying, trying

# Ranking a reader costs as much as there are rows: where these are few, more readers tell more.
_READERS = (500, 1_500)
_SCORES = 60_000_000
_SERVED = "served"
# The others are told, and stop nothing: keeping an older model, or none, makes no list fresher.
_MAY_STOP = (POPULARITY, _SERVED)

Values = NDArray[np.float64]


def most_readers(n_rows: int) -> int:
    """Return how many readers are asked at most, in a catalogue of so many rows."""
    fewest, most = _READERS
    return min(max(_SCORES // max(n_rows, 1), fewest), most)


class Trial(msgspec.Struct, frozen=True):
    """What stands for a candidate, and has not seen the slice.

    Attributes:
        ndcg: each asked reader's NDCG@20, in the order of `Trying.ndcg`.
    """

    snapshot: Snapshot
    ndcg: Values


class Gate(msgspec.Struct, frozen=True):
    """Who judges candidates of one log.

    Attributes:
        min_readers: with fewer readers in the slice, every candidate of numbers passes.
    """

    material: Material
    means: Means
    min_readers: int

    def asking(self, holdout: Holdout | None, seed: int) -> Trying | None:
        """Return the readers who are asked; None when they are too few.

        Args:
            seed: of the readers drawn.
        """
        if holdout is None or len(holdout.users) < self.min_readers:
            return None
        most = most_readers(self.material.n_rows)
        return trying(holdout, self.material, self.means, most, seed)

    def judge(
        self, candidate: Snapshot, current: Snapshot | None, holdout: Holdout | None
    ) -> Verdict:
        """Return whether a candidate may be published, trained like a trial that is fitted here.

        Args:
            current: what is served; None when there is nothing, or nothing that can be read.
        """
        tried = self.asking(holdout, candidate.manifest.seed)
        if tried is None:
            return self.unasked(candidate, holdout)
        fitted = tried.refit(candidate.manifest)
        if fitted is None:
            return Verdict(False, "it does not say how it was trained")
        return self.compare(candidate, Trial(fitted, tried.ndcg(fitted)), current, tried)

    def unasked(self, candidate: Snapshot, holdout: Holdout | None) -> Verdict:
        """Return the verdict where readers are too few."""
        if (flaw := _no_numbers(candidate)) is not None:
            return flaw
        n_readers = 0 if holdout is None else len(holdout.users)
        readers = f"{n_readers} of {self.min_readers} in any slice"
        return Verdict(True, f"too few readers to tell: {readers}, so not judged", n_readers)

    def compare(
        self, candidate: Snapshot, trial: Trial, current: Snapshot | None, tried: Trying
    ) -> Verdict:
        """Return the verdict of the readers who are asked."""
        if (broken := _no_numbers(candidate)) is not None:
            return broken
        seed = candidate.manifest.seed  # of the bootstrap
        against = _against(trial.ndcg, tried, candidate, current)
        flaw = unsound(candidate, trial.snapshot, tried, seed)
        worse = [name for name in _MAY_STOP if name in against and against[name].high < 0]
        reason = flaw or (f"worse than {_named(worse[0], against)}" if worse else _passed(against))
        passed = flaw is None and not worse
        ndcg, name = float(trial.ndcg.mean()), tried.holdout.name
        return Verdict(passed, reason, tried.n_readers, against, ndcg, name)


def _no_numbers(candidate: Snapshot) -> Verdict | None:
    """Return the verdict on arrays that are no numbers; None when all are."""
    broken = not_finite(candidate.arrays())
    name = "" if broken is None else broken.replace("_", " ")
    return None if broken is None else Verdict(False, f"its {name} are not numbers")


def _against(
    ours: Values, tried: Trying, candidate: Snapshot, current: Snapshot | None
) -> dict[str, Compared]:
    """Return how well the trial does against everything that it has to beat."""
    histories, seed = tried.holdout.histories, candidate.manifest.seed
    theirs: dict[str, list[Values]] = {}
    for m in tried.moments:
        for name, worth in opponents(m, tried.blend.votes).items():
            lists = lists_by(worth, histories, m.users, K)
            theirs.setdefault(name, []).append(ndcg_of(lists, m.targets, m.users, K))
    found = {name: compared(ours, np.concatenate(n), seed) for name, n in theirs.items()}
    rival = None if current is None else _rival(tried, candidate, current)
    if rival is not None:
        found[_SERVED] = compared(ours, tried.ndcg(rival), seed)
    return found


def _rival(tried: Trying, candidate: Snapshot, current: Snapshot) -> Snapshot | None:
    """Return what stands for the served model and has not seen the slice; None: it is like the trial."""
    manifest = current.manifest
    if (manifest.seen_us or manifest.created_us) < tried.holdout.began_us:
        return current
    is_same_engine = manifest.engine == candidate.manifest.engine
    if is_same_engine and tried.way_of(manifest) == tried.way_of(candidate.manifest):
        return None
    return tried.refit(manifest)


def _passed(against: dict[str, Compared]) -> str:
    best = max(against, key=lambda name: against[name].theirs)
    return f"not worse than {_named(_SERVED if _SERVED in against else best, against)}"


def _named(name: str, against: dict[str, Compared]) -> str:
    c = against[name]
    what = {_SERVED: "the served model", TRENDING: "what is trending", POPULARITY: "popularity"}
    figures = f"NDCG@{K} {c.ours:.4f} against {c.theirs:.4f} ({c.low:+.4f} to {c.high:+.4f})"
    return f"{what.get(name, name)}: {figures}"


def compared(ours: Values, theirs: Values, seed: int) -> Compared:
    """Return how much better readers fare with one ranking than with another."""
    found = metrics.paired_interval(ours, theirs, np.random.default_rng(seed))
    return Compared(float(ours.mean()), float(theirs.mean()), found.low, found.high)
