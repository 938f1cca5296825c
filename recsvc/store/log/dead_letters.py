"""Dead letters for people to read: entries of the log that can never succeed, and why."""

import msgspec

from recsvc.core.readers.events import Entry
from recsvc.store import keys
from recsvc.store.entry_ids import parse
from recsvc.store.log.streams import Fields, Logged
from recsvc.store.pipe import Pipe


class DeadLetter(msgspec.Struct, frozen=True):
    """An entry that was given up.

    Attributes:
        at_us: when it was given up.
        entry_id: what it was called in the log of its shard.
        entry: the event; None when that is what cannot be read.
    """

    shard: int
    at_us: int
    entry_id: str
    reason: str
    entry: Entry | None


class DeadLetters:
    """Reads them."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def count(self) -> int:
        """Return how many are kept."""
        found: list[int] = await self._pipe.send_all(
            [("XLEN", keys.dead(shard)) for shard in range(keys.N_SHARDS)]
        )
        return sum(found)

    async def latest(self, n: int) -> list[DeadLetter]:
        """Return the n that were given up last, latest first."""
        answers = await self._pipe.send_all(
            [
                ("XREVRANGE", keys.dead(shard), "+", "-", "COUNT", n)
                for shard in range(keys.N_SHARDS)
            ]
        )
        found = [
            _letter(shard, dead_id.decode(), fields)
            for shard, letters in enumerate(answers)
            for dead_id, fields in letters
        ]
        return sorted(found, key=lambda one: one.at_us, reverse=True)[:n]


def _letter(shard: int, dead_id: str, fields: Fields) -> DeadLetter:
    reason = fields.get(b"reason", b"").decode(errors="replace")
    entry_id = fields.get(b"id", b"").decode(errors="replace")
    try:
        entry = Logged(entry_id, fields).entry()
    except (KeyError, msgspec.MsgspecError):
        entry = None
    return DeadLetter(shard, 1000 * parse(dead_id)[0], entry_id, reason, entry)
