"""What training remembers between its rounds: what it found, what it held back, what is pinned."""

from recsvc.store import keys
from recsvc.store.pipe import Pipe


class Training:
    """Keeps it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def found(self) -> bytes | None:
        """Return what tuning found last, as it was kept."""
        raw: bytes | None = await self._pipe.send("GET", keys.TRAINING_FOUND)
        return raw

    async def keep_found(self, packed: bytes) -> None:
        """Keep what tuning found."""
        await self._pipe.send("SET", keys.TRAINING_FOUND, packed)

    async def count(self, outcome: str) -> None:
        """Count a candidate by what became of it."""
        await self._pipe.send("HINCRBY", keys.TRAINING_OUTCOMES, outcome, 1)

    async def outcomes(self) -> dict[str, int]:
        """Return how many candidates came to which end."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.TRAINING_OUTCOMES)
        return {outcome.decode(): int(n) for outcome, n in raw.items()}

    async def hold(self, snapshot_id: str) -> None:
        """Have candidates kept but not published while a person wants this snapshot served."""
        await self._pipe.send("SET", keys.TRAINING_HELD, snapshot_id)

    async def release(self) -> bool:
        """Let candidates be published again; return whether anything was held."""
        return bool(await self._pipe.send("DEL", keys.TRAINING_HELD))

    async def held(self) -> str | None:
        """Return the snapshot that a person wants served."""
        raw: bytes | None = await self._pipe.send("GET", keys.TRAINING_HELD)
        return None if raw is None else raw.decode()
