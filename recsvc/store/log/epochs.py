"""Epochs: which log the store holds, told apart from the logs of stores before it.

An id of an entry says when it was logged and nothing of where: a store that was emptied, or brought back
from a copy, gives ids out anew. So each log has a random name, made with the store, and every file of
the archive says which log it is of. A store that has gone back in time begins another.
"""

import uuid

from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe

FORMER = "former"
"""The log of a store that was filled before epochs had names, and of files that name none."""


class Epochs:
    """Knows which logs are in the store's boards and profiles."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def held(self) -> list[str]:
        """Return the epochs whose events the store holds, the one being written first."""
        return [raw.decode() for raw in await self._pipe.send("LRANGE", keys.EPOCHS, 0, -1)]

    async def begin(self, held: list[str], *, is_former: bool = False) -> list[str]:
        """Begin a new epoch in place of the first, unless somebody did; return those held now.

        Args:
            held: what the caller knows to be held.
            is_former: whether it is the log of a store that was filled before epochs had names.
        """
        new = FORMER if is_former else uuid.uuid4().hex
        await self._set(held, [new, *held[1:]])
        return await self.held()

    async def hold(self, epochs: set[str]) -> None:
        """Note that the store holds all events of some epochs too."""
        held = await self.held()
        await self._set(held, [*held, *sorted(epochs - set(held))])

    async def _set(self, expected: list[str], held: list[str]) -> None:
        current = expected[0] if expected else ""
        await scripts.call(self._pipe, "begin_epoch", [keys.EPOCHS], [current, *held])
