"""An attack, simulated: invented sessions push an item, and what becomes of it and of honest readers.

Every session votes for the target and for some of the items that most readers like, which ties the
target to them; each comes from a network of its own, so that nothing but the bounds on unvouched
evidence is in its way. The target is an item that readers hardly went for. A vouched reader is reached
when the target stands in their first 20 where it does not without the attack.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsvc.clock import DAY_S
from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.access.trust import UNVOUCHED, Trust, TrustParams
from recsvc.core.ranking.params import BlendParams
from recsvc.errors import InvalidError
from workers.evaluation.outcomes import Outcomes, outcomes
from workers.log.schema import SCHEMA
from workers.training.holdout import aligned, new_in
from workers.training.interactions import Interactions, interactions
from workers.training.params import TrainParams
from workers.training.popularity import readers_of
from workers.training.ranking import served
from workers.training.training import Material, Way, announced, fitted

SHARES = (0.0, 0.1, 0.5, 1.0, 2.0)
K = 20
_DEPTH = 200
_LIKED = 5
_FROM = 40
_LAST_S = DAY_S

# What believing everybody would do, to see what the bounds are worth.
CREDULOUS = TrustParams({t.value: 1.0 for t in UNVOUCHED}, 1e9, 1e9)


class Attacked(msgspec.Struct, frozen=True):
    """What an attack did.

    Attributes:
        share: invented sessions for each honest reader.
        is_credulous: whether everybody was believed alike.
        n_reached: honest readers who have the target in their first 20 only because of it.
        best: the best position of the target, 0-based; None beyond the first 200.
        recall: mean recall@20 of honest readers.
    """

    share: float
    is_credulous: bool
    n_bots: int
    n_readers: int
    n_reached: int
    best: int | None
    recall: float


def attack(
    material: Material,
    train: TrainParams,
    blend: BlendParams,
    share: float,
    seed: int,
    shares: Iterable[float] = SHARES,
) -> list[Attacked]:
    """Attack a log with ever more sessions, as it is believed and as if everybody were.

    Args:
        share: of the events, the latest, that are predicted.

    Raises:
        InvalidError: when no reader is on both sides of the cut.
    """
    trial = _Trial(material, share, train, blend)
    found = []
    for trust in (train.profile.trust, CREDULOUS):
        calm = trial.outcome(0, trust, seed)
        before = trial.reached(calm)
        for each in shares:
            n_bots = round(each * trial.n_honest)
            outcome = trial.outcome(n_bots, trust, seed) if n_bots else calm
            places = trial.places(outcome)
            found.append(
                Attacked(
                    each,
                    trust is CREDULOUS,
                    n_bots,
                    len(outcome.users),
                    int((trial.reached(outcome) & ~before).sum()),
                    min(places, default=None),
                    float(outcome.values("recall@20").mean()),
                )
            )
    return found


class _Trial:
    """One log and one target, attacked again and again."""

    def __init__(
        self, material: Material, share: float, train: TrainParams, blend: BlendParams
    ) -> None:
        m = self._material = material
        self._train, self._blend = train, blend
        times = m.events["at_us"].sort()
        self._cut_us = int(times[int(len(times) * (1 - share))]) if len(times) else 0
        self._past = m.events.filter(pl.col("at_us") < self._cut_us)
        future = m.events.filter(pl.col("at_us") >= self._cut_us)
        known = self._interactions(self._past, train.profile.trust)
        then = self._interactions(future, train.profile.trust)
        self._users, self.n_honest = known.users, len(known.users)
        went_for = aligned(then.evidence, then.users, known.users)
        self._targets = new_in(went_for, known.evidence)
        has_both = (np.diff(self._targets.indptr) > 0) & known.is_vouched
        self._judges = np.flatnonzero(has_both)
        if not len(self._judges):
            raise InvalidError("no reader has interactions both before and after the cut")
        liked = readers_of(known.evidence)
        rows = np.array(sorted(material.listed.values()), np.int64)
        by_liking = rows[np.argsort(-liked[rows], kind="stable")]
        self._target, self._popular = int(by_liking[-1]), by_liking[:_FROM]
        self._candidates = np.zeros(material.n_rows, bool)
        self._candidates[rows] = True

    def outcome(self, n_bots: int, trust: TrustParams, seed: int) -> Outcomes:
        """Train with some invented sessions among the readers, and rank for the honest ones."""
        events = pl.concat([self._past, self._bots(n_bots, seed)]) if n_bots else self._past
        found = self._interactions(events, trust)
        m, evidence, users = self._material, found.evidence, found.users
        snapshot = fitted(found.past, m.content, Way(self._train.learn), announced(m, len(events)))
        row_of = {user: row for row, user in enumerate(users)}
        judges = np.array([row_of[self._users[row]] for row in self._judges.tolist()], np.int64)
        rankings = served(snapshot, self._blend).rankings(
            evidence, judges, _DEPTH, self._candidates, lambda _: None
        )
        targets = aligned(self._targets, self._users, users)
        return outcomes((ranking.rows for ranking in rankings), judges, targets, (K,))

    def reached(self, outcome: Outcomes) -> NDArray[np.bool_]:
        """Return (u,): whether a reader's first 20 hold the target."""
        return np.array([self._target in rows[:K] for rows in outcome.lists], bool)

    def places(self, outcome: Outcomes) -> list[int]:
        """Return the positions of the target in the lists that hold it."""
        found = (np.flatnonzero(rows == self._target) for rows in outcome.lists)
        return [int(place[0]) for place in found if len(place)]

    def _interactions(self, events: pl.DataFrame, trust: TrustParams) -> Interactions:
        m = self._material
        profile = msgspec.structs.replace(self._train.profile, trust=trust)
        return interactions(msgspec.structs.replace(m.log, events=events), profile, self._cut_us)

    def _bots(self, n: int, seed: int) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        ids = {row: item for item, row in self._material.listed.items()}
        rows: list[tuple[object, ...]] = []
        for bot in range(n):
            liked = rng.choice(self._popular, min(_LIKED, len(self._popular)), replace=False)
            at_us = self._cut_us - 1 - int(rng.integers(_LAST_S)) * 1_000_000
            for row in (self._target, *liked.tolist()):
                event = (f"{ANONYMOUS}bot-{bot}", ids[int(row)], "upvote", at_us, at_us)
                entry = (-1, len(rows), 0, *event, *[None] * 5, Trust.SESSION.value, f"net-{bot}")
                rows.append(entry)
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")
