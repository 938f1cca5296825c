"""The eraser: carries erasures out, for all readers who wait at a time, and leaves the proofs.

Every step may be done again: it looks for what is there and erases that. So a worker that dies in
between leaves a job that the next one does from the start, and whoever asked sees it done once.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from recsvc.clock import now_us
from recsvc.store.entry_ids import parse
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.readers.erasures import Erasure, Erasures
from workers.privacy.holdings import Holding, Leaver

log = structlog.get_logger()

_AT_A_TIME = 1_000

Compact = Callable[[], Awaitable[None]]


class Eraser:
    """Erases readers; at most one at a time, by the leader."""

    def __init__(
        self,
        erasures: Erasures,
        boards: Boards,
        streams: Streams,
        holdings: Sequence[Holding],
        compact: Compact | None,
    ) -> None:
        """Compose an eraser.

        Args:
            holdings: every place where something of readers is kept.
            compact: rewrites the store's files; None where they are not ours.
        """
        self._erasures = erasures
        self._boards = boards
        self._streams = streams
        self._holdings = holdings
        self._compact = compact
        self._looked_for_unfinished = False

    async def pending(self) -> dict[str, Erasure]:
        """Return the erasures whose readers' logs are on the boards up to the cut."""
        jobs = await self._erasures.pending()
        if not jobs:
            return {}
        applied = await self._boards.applied()
        return {
            identity: job
            for identity, job in list(jobs.items())[:_AT_A_TIME]
            if await self._is_applied(job, applied)
        }

    async def run(self, jobs: dict[str, Erasure]) -> None:
        """Carry erasures out, and write the store's files anew when there were any.

        Raises:
            ConflictError: while a log is being delivered; try again in a moment.
        """
        if jobs:
            await self._erase(jobs)
        # Once at the start too: whoever led before may have died between erasing and compacting.
        if jobs or not self._looked_for_unfinished:
            await self._finish()
            self._looked_for_unfinished = True

    async def _erase(self, jobs: dict[str, Erasure]) -> None:
        cuts: dict[str, str] = {}
        for job in jobs.values():
            cuts[job.user] = max(job.cut, cuts.get(job.user, "0-0"), key=parse)
        leavers = [Leaver(user, cut) for user, cut in cuts.items()]
        for holding in self._holdings:
            counts = await holding.erase(leavers)
            for identity, job in jobs.items():
                if counts.get(job.user):
                    n = job.counts.get(holding.name, 0) + counts[job.user]
                    jobs[identity] = _counted(job, holding.name, n)
                    await self._erasures.note(identity, jobs[identity])
        for identity, job in jobs.items():
            await self._erasures.settle(identity, job, now_us())
        log.info("readers_erased", n=len(leavers))

    async def _finish(self) -> None:
        """Compact, and close the proofs that wait for it: of this run, or of one that was cut short."""
        waiting = await self._erasures.compacting()
        if not waiting:
            return
        if self._compact is not None:
            await self._compact()
        await self._erasures.finish(waiting, self._compact is not None, now_us())

    async def _is_applied(self, job: Erasure, applied: dict[int, str]) -> bool:
        shard = Leaver(job.user, job.cut).shard
        last = applied.get(shard, "0-0")
        if parse(last) >= parse(job.cut):
            return True
        return not await self._streams.range(shard, last, job.cut, 1)


def _counted(job: Erasure, name: str, n: int) -> Erasure:
    return msgspec.structs.replace(job, counts=job.counts | {name: n})
