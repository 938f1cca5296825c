"""The digest worker: does what is due, a few mails at a time, and knows when to leave the relay alone.

Any number of workers may run: jobs are claimed one by one. What a worker that was killed had in hand is
freed by the next one that starts on the machine, or by the end of its lease.
"""

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import Callable

import structlog

from recsvc.clock import SECOND_US
from recsvc.errors import RecsvcError, StoreRefusesError
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.refusals import refusals
from workers.mail.mails import Mails
from workers.mail.postman import Postman

log = structlog.get_logger()

_BATCH = 200
_LOOK_S = 0.5
_STIRRED_S = 5.0
_AT_REST = 2
_REST_AFTER_S = 20.0
_RETRY_S = 1.0
_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 300

Clock = Callable[[], int]


class DigestWorker:
    """Sends what is due."""

    def __init__(
        self, deliveries: Deliveries, mails: Mails, postmen: list[Postman], clock: Clock
    ) -> None:
        self._mails = mails
        self._deliveries = deliveries
        self._postmen = postmen
        self._clock = clock
        self._paused_until_us = 0
        self._pauses = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the mails in hand and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Send what is due until told to stop."""
        log.info("digest_worker_started")
        idle_s, failing = 0.0, ""
        while not self._stopping.is_set():
            try:
                n = await self.run_once()
                failing = ""
            except RecsvcError as exc:
                if failing != repr(exc):
                    failing = repr(exc)
                    if not isinstance(exc, StoreRefusesError):  # told where it happened
                        log.warning("worker_waits", loop="digest", error=str(exc))
                await self._pause(_RETRY_S)
                continue
            if n:
                idle_s = 0.0
                refusals.end()  # mails in hand are written down
            else:
                pause_s = _LOOK_S if idle_s < _STIRRED_S else _AT_REST * _LOOK_S
                await self._pause(pause_s)
                idle_s += pause_s
            if idle_s >= _REST_AFTER_S:
                idle_s = 0.0
                await self.rest()
        await self.rest()
        log.info("digest_worker_stopped")

    async def run_once(self) -> int:
        """Do up to a batch of what is due; return how many jobs were done."""
        now = self._clock()
        if now < self._paused_until_us:
            return 0
        queue = deque(await self._deliveries.due(now, _BATCH))
        if not queue:
            return 0
        outcomes: Counter[str] = Counter()
        # All come to an end before an error is raised: what is half sent must not be sent by two.
        ends = await asyncio.gather(
            *(self._work(postman, queue, outcomes) for postman in self._postmen),
            return_exceptions=True,
        )
        for end in ends:
            if end is not None:
                raise end
        if outcomes:
            log.info("mails_handled", **outcomes)
        self._mind_relay(outcomes, now)
        return outcomes.total()

    async def rest(self) -> None:
        """Close the connections to the relay, and let go of the catalogue."""
        for postman in self._postmen:
            await postman.rest()
        await self._mails.rest()

    async def _work(self, postman: Postman, queue: deque[str], outcomes: Counter[str]) -> None:
        while queue and not self._stopping.is_set():
            job = queue.popleft()
            try:
                outcome = await postman.do(job)
            except RecsvcError:
                queue.clear()
                raise
            except Exception:
                # Its lease keeps it away for a while; one bad item must not stop all mail.
                log.exception("mail_failed", job=job)
                continue
            if outcome is not None:
                outcomes[outcome] += 1
            if outcome == "postponed":
                queue.clear()

    def _mind_relay(self, outcomes: Counter[str], now: int) -> None:
        """Leave the relay alone for ever longer while it takes nothing."""
        if not outcomes["postponed"]:
            self._pauses = 0
            return
        pause_s = min(_FIRST_PAUSE_S * 2**self._pauses, _LONGEST_PAUSE_S)
        self._pauses += 1
        self._paused_until_us = now + int(pause_s * random.uniform(0.9, 1.1) * SECOND_US)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
