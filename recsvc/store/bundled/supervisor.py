"""The supervisor: keeps the bundled store running, says once what keeps it down, returns when it can."""

import asyncio
import time

import structlog

from recsvc.store.bundled.causes import LONGEST_PAUSE_S, Cause, StoreDownError
from recsvc.store.bundled.server import BundledStore
from recsvc.store.troubles import StoreProblem

log = structlog.get_logger()

_PAUSE_S = 0.25
_LONG_LIFE_S = 10.0
_LOOK_S = 60.0


class Supervisor:
    """Starts a store again and again, for as long as it is asked to.

    Attributes:
        is_up: set once the store has been up.
    """

    def __init__(self, store: BundledStore, problem: StoreProblem) -> None:
        self._store = store
        self._problem = problem
        self._said: Cause | None = None
        self._pause_s = _PAUSE_S
        self.is_up = asyncio.Event()

    async def keep(self) -> None:
        """Keep the store running until cancelled."""
        self._problem.clear()
        while True:
            try:
                await self._store.start(self._wait)
            except StoreDownError as exc:
                self._say(exc)
                await self._pause(LONGEST_PAUSE_S[exc.cause])
                continue
            self._over()
            started_s = time.monotonic()
            while not await self._store.ended(_LOOK_S):
                await asyncio.to_thread(self._store.bound_log)
            log.error("store_died", exit_code=self._store.exit_code)
            if time.monotonic() - started_s > _LONG_LIFE_S:
                self._pause_s = _PAUSE_S
            await self._pause(LONGEST_PAUSE_S[Cause.UNKNOWN])

    async def _pause(self, longest_s: float) -> None:
        pause_s = min(self._pause_s, longest_s)
        self._pause_s = 2 * pause_s
        await asyncio.sleep(pause_s)

    def _wait(self, problem: str) -> None:
        log.warning("store_starts_slowly", problem=problem)
        self._problem.say(problem)

    def _say(self, exc: StoreDownError) -> None:
        if exc.cause is not self._said:
            log.error("store_does_not_start", cause=exc.cause.value, error=str(exc))
            self._said = exc.cause
        self._problem.say(str(exc))

    def _over(self) -> None:
        if self._said is not None:
            log.info("store_starts_again", was=self._said.value)
        self._said = None
        self._problem.clear()
        self.is_up.set()
