"""A composer that is opened when the first digest needs it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from recsvc.mail.composing import Composer


class LazyComposer:
    """Opens the catalogue when the first digest needs it, and closes it when told to.

    It takes memory, and following every vote takes time: a worker without mails should need neither.
    """

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Composer]]) -> None:
        self._opening = opening
        self._lock = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._composer: Composer | None = None

    async def get(self) -> Composer:
        """Return the composer, opened if need be."""
        async with self._lock:
            if self._composer is None:
                self._composer = await self._opened.enter_async_context(self._opening())
            return self._composer

    async def close(self) -> None:
        """Let go of the catalogue until it is needed again."""
        async with self._lock:
            self._composer = None
            await self._opened.aclose()
