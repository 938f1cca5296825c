"""Loops that go on in the background until they are told to stop, and then do stop.

A cancellation can be lost on its way: whoever waits for several futures at once (`asyncio.gather`, and
`asyncio.wait_for` up to Python 3.11) gets the error of one that failed in the same instant instead,
and a driver may raise an error of its own while it cleans up. A loop that lives on after that would
be awaited for ever. So a loop also looks at a flag before each turn, and cancellation is repeated.

The loops of a process pause in step: they wake in the same turn, and what they ask of the store travels
in one round trip. At rest to wake is most of what a process does. Processes are out of step with each
other: what one of them does in a turn delays its own requests only.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

_PAUSE_AFTER_ERROR_S = 0.5
_AGAIN_S = 0.5
_STEP_S = 0.5
_PHASES = 16


def in_step(seconds: float, now_s: float) -> float:
    """Return for how long to pause instead, so that the loops of this process wake together.

    Args:
        seconds: at least half a second.
        now_s: by the event loop's clock.
    """
    phase_s = os.getpid() % _PHASES * _STEP_S / _PHASES
    steps = round((now_s + seconds - phase_s) / _STEP_S)
    return steps * _STEP_S + phase_s - now_s


async def pause_in_step(seconds: float) -> None:
    """Pause for about as long, waking together with the other loops of this process."""
    await asyncio.sleep(in_step(seconds, asyncio.get_running_loop().time()))


class Background:
    """The loops of one owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def start(self, once: Callable[[], Awaitable[None]], name: str) -> None:
        """Do something again and again; what it raises is logged and tried anew after a pause."""
        task = asyncio.create_task(self._loop(once, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End every loop, and return when they have ended."""
        self._is_stopping = True
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=_AGAIN_S)

    async def _loop(self, once: Callable[[], Awaitable[None]], name: str) -> None:
        while not self._is_stopping:
            try:
                await once()
            except Exception:
                log.exception("background_failed", loop=name)
                await asyncio.sleep(_PAUSE_AFTER_ERROR_S)
