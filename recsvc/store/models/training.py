"""What training remembers between its rounds: what it found, what it held back, what is pinned."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from recsvc.core.experiments.proposal import Looked, Offer
from recsvc.core.fitting import UNREADABLE
from recsvc.errors import ConflictError
from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe

T = TypeVar("T")

_IN_A_ROW = "stopped in a row"
_PROPOSED, _OFFERED = "proposed", "offered"


class Trusted(msgspec.Struct, frozen=True):
    """Which model the online guard would go back to at worst.

    Attributes:
        next: which it will trust next, if nothing comes up.
        since_us: when it began to look at that, or rolled back to it.
        from_us: of lists before, nothing follows for models: something else than a model changed then.
    """

    trusted: str
    next: str
    since_us: int
    from_us: int = 0


_decode_trusted = msgspec.json.Decoder(Trusted).decode
_decode_looked = msgspec.json.Decoder(Looked).decode
_decode_offer = msgspec.json.Decoder(Offer).decode


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
        if outcome == "stopped":
            await self._pipe.send("HINCRBY", keys.TRAINING_OUTCOMES, _IN_A_ROW, 1)
        else:
            await self._pipe.send("HDEL", keys.TRAINING_OUTCOMES, _IN_A_ROW)

    async def n_stopped(self) -> int:
        """Return how many candidates the gate stopped since it last let one pass."""
        return int(await self._pipe.send("HGET", keys.TRAINING_OUTCOMES, _IN_A_ROW) or 0)

    async def outcomes(self) -> dict[str, int]:
        """Return how many candidates came to which end."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.TRAINING_OUTCOMES)
        counts = {outcome.decode(): int(n) for outcome, n in raw.items()}
        counts.pop(_IN_A_ROW, None)
        return counts

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

    async def rest(self, snapshot_id: str, for_s: int) -> None:
        """Hold a snapshot for a while, as the online guard wants it."""
        await self._pipe.send("SET", keys.TRAINING_HELD, snapshot_id, "EX", for_s)

    async def is_resting(self) -> bool:
        """Return whether what is held is so for a while only."""
        return int(await self._pipe.send("TTL", keys.TRAINING_HELD)) >= 0

    async def trust(self, trusted: Trusted) -> None:
        """Keep which model the online guard trusts."""
        await self._pipe.send("SET", keys.TRAINING_TRUSTED, msgspec.json.encode(trusted))

    async def trusted(self) -> Trusted | None:
        """Return which model the online guard trusts; None before it looked."""
        return _read(await self._pipe.send("GET", keys.TRAINING_TRUSTED), _decode_trusted)

    async def propose(self, looked: Looked) -> None:
        """Keep what the clicks on lists say of the voices' weights."""
        await self._pipe.send("HSET", keys.TRAINING_BLEND, _PROPOSED, msgspec.json.encode(looked))

    async def proposed(self) -> Looked | None:
        """Return what the clicks on lists say of the voices' weights; None before anybody looked."""
        return _read(await self._of_blend(_PROPOSED), _decode_looked)

    async def offer(self, now_us: int) -> Offer:
        """Offer what is proposed to the gate, from the next training on, in place of what was.

        Raises:
            ConflictError: when nothing is proposed.
        """
        looked = await self.proposed()
        if looked is None or looked.proposal is None:
            why = "nobody has looked yet" if looked is None else looked.refused
            raise ConflictError(f"nothing is proposed: {why}")
        offer = Offer(looked.proposal.weights, str(looked.proposal), now_us)
        await self._pipe.send("HSET", keys.TRAINING_BLEND, _OFFERED, msgspec.json.encode(offer))
        return offer

    async def offered(self) -> Offer | None:
        """Return the weights that are offered to the gate."""
        return _read(await self._of_blend(_OFFERED), _decode_offer)

    async def judged(self, before: Offer, after: Offer) -> None:
        """Keep what the gate said of an offer, unless another one was made meanwhile, or none is."""
        args = [_OFFERED, msgspec.json.encode(before), msgspec.json.encode(after)]
        await scripts.call(self._pipe, "swap", [keys.TRAINING_BLEND], args)

    async def withdraw(self) -> bool:
        """Offer nothing any more; return whether anything was."""
        return bool(await self._pipe.send("HDEL", keys.TRAINING_BLEND, _OFFERED))

    async def _of_blend(self, name: str) -> bytes | None:
        found: bytes | None = await self._pipe.send("HGET", keys.TRAINING_BLEND, name)
        return found


def _read(raw: bytes | None, decode: Callable[[bytes], T]) -> T | None:
    """Return what is kept; None where nothing is, or nothing that this release can read."""
    try:
        return None if raw is None else decode(raw)
    except UNREADABLE:
        return None
