"""Experiments as a serving process knows them: which variant a reader's list is made with.

Every process follows the store and decides by itself; since an experiment begins some seconds after it
is made, all of them come to the same. When one is stopped they do again after two seconds.
"""

import contextlib
from collections.abc import Sequence, Set

from recsvc.background import Background, pause_in_step
from recsvc.clock import now_us
from recsvc.core.experiments.experiment import NO_TRIAL, Experiment, Trial, dealt, forced, trial
from recsvc.errors import NotFoundError, StoreError
from recsvc.live.view import Live
from recsvc.store.models.experiments import ExperimentStore, decoded

_FOLLOW_S = 2.0


class Experiments:
    """What one process knows of experiments."""

    def __init__(self, store: ExperimentStore | None, live: Live | None = None) -> None:
        """Know of experiments.

        Args:
            store: None: there are none, where nobody is served.
            live: has the models that they name; None: no model but the served one.
        """
        self._store = store
        self._live = live
        self._raw: dict[bytes, bytes] = {}
        self._open: Sequence[Experiment] = ()
        self._all: Sequence[Experiment] = ()
        self._trials: dict[tuple[tuple[str, str | None], ...], Trial] = {}
        self._loops = Background()

    async def start(self) -> None:
        """Read them, then follow in the background; while the store is away those known last go on."""
        with contextlib.suppress(StoreError):
            await self.refresh()
        self._loops.start(self._follow, "experiments")

    async def stop(self) -> None:
        """Stop following."""
        await self._loops.stop()

    async def refresh(self) -> None:
        """Take over what is stored now.

        Raises:
            StoreError: when the store does not answer.
        """
        if self._store is None:
            return
        raw = await self._store.raw()
        if raw != self._raw:
            self._raw = raw
            self._all = decoded(raw)
            self._trials = {}
        now = now_us()
        self._open = [one for one in self._all if not one.has_ended(now)]
        if self._live is not None:
            self._live.tried.wanted = frozenset[str]().union(*(one.snapshots for one in self._open))

    @property
    def problems(self) -> list[str]:
        """What keeps experiments from being shown here."""
        refused = {} if self._live is None else self._live.tried.refused
        return [
            f"nobody here is in the experiment {one.name!r}: {refused[snapshot_id]}"
            for one in self._open
            for snapshot_id in sorted(one.snapshots & refused.keys())
        ]

    def trial(self, user: str) -> Trial:
        """Return what a reader's list is made with now."""
        if not self._open:
            return NO_TRIAL
        found = dealt(user, self._shown(), now_us())
        # To find out what settings mean takes longer than to answer a feed again.
        key = tuple((one.name, None if each is None else each.name) for one, each in found)
        known = self._trials.get(key)
        if known is None:
            known = self._trials[key] = trial(found)
        return known

    def forced(self, wanted: str) -> Trial:
        """Return what a list is made with for somebody who tries `experiment=variant, …` out.

        Raises:
            InvalidError, NotFoundError: as `core.experiments.experiment.forced`.
            NotFoundError: when the model that it names is not at hand.
        """
        found = forced(wanted.split(","), self._all)
        for tuned in (found.tuning, found.rival):
            if tuned is not None and tuned.snapshot is not None and not self._has({tuned.snapshot}):
                raise NotFoundError(
                    f"the model {tuned.snapshot!r} is at hand while an experiment that names it runs"
                )
        return found

    def _shown(self) -> Sequence[Experiment]:
        """Return the experiments that can be shown: in others nobody is, whatever their variant."""
        if not any(one.snapshots for one in self._open):
            return self._open
        return [one for one in self._open if self._has(one.snapshots)]

    def _has(self, snapshots: Set[str]) -> bool:
        return not snapshots or (self._live is not None and self._live.can_try(snapshots))

    async def _follow(self) -> None:
        await pause_in_step(_FOLLOW_S)
        with contextlib.suppress(StoreError):
            await self.refresh()
