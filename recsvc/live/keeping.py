"""Keeping: what a start without the store needs, written to local disk now and then."""

import asyncio
import contextlib
from pathlib import Path

from recsvc.alone import alone
from recsvc.background import Background
from recsvc.errors import StoreError
from recsvc.live.wishes import Wishes
from recsvc.store.keepsake import Keepsake
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures

_EVERY_S = 30.0
_PAUSES = 50  # a large catalogue takes its time to read: a fiftieth of the time at most


class Keeping:
    """Writes the keepsake, and forgets who was erased.

    Args:
        folder: where that is; of the processes that share it, one writes at a time.
    """

    def __init__(self, folder: Path, keepsake: Keepsake, wishes: Wishes, pipe: Pipe) -> None:
        self._folder = folder
        self._keepsake = keepsake
        self._wishes = wishes
        self._pipe = pipe
        self._erasures = Erasures(pipe)
        self._loops = Background()

    async def start(self) -> None:
        """Write in the background from now on."""
        self._loops.start(self._keep, "keeping")

    async def stop(self) -> None:
        """Stop writing."""
        await self._loops.stop()

    async def _keep(self) -> None:
        with contextlib.suppress(StoreError):  # what was kept last stands
            self._wishes.forget(await self._erasures.erased(self._wishes.readers))
            with alone(self._folder / "lock") as is_alone:
                if is_alone and not self._keepsake.is_fresh(_EVERY_S / 2):
                    await self._keepsake.write(self._pipe)
        await asyncio.sleep(max(_EVERY_S, _PAUSES * self._keepsake.took_s))
