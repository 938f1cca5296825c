"""Proposing: once an hour the clicks on lists are asked which weights of the voices they speak for.

What they say is kept for whoever looks; nothing is served of it.
"""

import asyncio

import structlog

from recsvc.clock import DAY_US, HOUR_US, apart_us
from recsvc.core.experiments.proposal import Looked, Proposal
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import VOICES
from recsvc.errors import InvalidError, NotFoundError, SnapshotError
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from workers.log.archive import Archive
from workers.log.exposures import ExposureFiles
from workers.loop.blending import propose
from workers.loop.noted import noted_lists

log = structlog.get_logger()

# Of so many days lists are asked.
_SINCE_US = 28 * DAY_US


class Proposing:
    """Asks at most once an hour; at most one at a time, by the leader."""

    def __init__(
        self,
        snapshots: Snapshots,
        training: Training,
        files: ExposureFiles,
        archive: Archive,
        blend: BlendParams,
    ) -> None:
        self._snapshots = snapshots
        self._training = training
        self._files = files
        self._archive = archive
        self._blend = blend
        self._last_us: int | None = None

    async def run_once(self, now_us: int) -> Looked | None:
        """Ask if it is time; return what was said."""
        if self._last_us is None:
            before = await self._training.proposed()
            self._last_us = 0 if before is None else before.at_us
        if apart_us(self._last_us, now_us) < HOUR_US:
            return None
        self._last_us = now_us
        weights = await self._in_force()
        try:
            proposal = await asyncio.to_thread(
                self._files.despite_damage, lambda: self._proposed(weights, now_us)
            )
            looked = Looked(now_us, proposal)
            log.info("weights_proposed", why=str(proposal), weights=proposal.weights)
        except InvalidError as exc:
            looked = Looked(now_us, refused=str(exc))
        await self._training.propose(looked)
        return looked

    async def _in_force(self) -> dict[str, float]:
        learned: dict[str, float] = {}
        current = await self._snapshots.current()
        if current is not None:
            try:
                learned = (await self._snapshots.manifest(current)).weights
            except (NotFoundError, SnapshotError):
                learned = {}  # gone this instant, or another release's: as they are set
        params = self._blend.with_weights(learned)
        return {voice.name: voice.weight(params) for voice in VOICES}

    def _proposed(self, in_force: dict[str, float], now_us: int) -> Proposal:
        return propose(noted_lists(self._files, self._archive, now_us - _SINCE_US), in_force)
