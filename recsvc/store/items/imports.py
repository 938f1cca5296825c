"""Which files of events were imported: event ids are remembered for days, files for ever."""

from recsvc.store import keys
from recsvc.store.pipe import Pipe


class Imports:
    """Remembers files by the digest of their content and of how it was read."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def knows(self, digest: str) -> bool:
        """Return whether a file was imported to its end."""
        return bool(await self._pipe.send("HEXISTS", keys.IMPORTS, digest))

    async def add(self, digest: str, now_us: int) -> None:
        """Remember that a file was imported to its end."""
        await self._pipe.send("HSET", keys.IMPORTS, digest, now_us)
