"""How the loop fared, hour by hour, in Redis: figures without readers, for ninety days."""

from collections.abc import Iterable

import msgspec

from recsvc.clock import HOUR_US
from recsvc.core.fitting import UNREADABLE
from recsvc.core.loop import Hour
from recsvc.store import keys
from recsvc.store.pipe import Pipe

KEPT_HOURS = 90 * 24

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Hour).decode


class LoopStore:
    """Keeps them by hour."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def keep(self, hour: Hour) -> None:
        """Keep an hour in place of what was known of it, and forget those that are too old."""
        field = _field(hour.at_us)
        await self._pipe.send("HSET", keys.LOOP, field, _encode(hour))
        known: list[bytes] = await self._pipe.send("HKEYS", keys.LOOP)
        oldest = max(map(int, known)) - KEPT_HOURS
        old = [one for one in known if int(one) <= oldest]
        if old:
            await self._pipe.send("HDEL", keys.LOOP, *old)

    async def hours(self, since_us: int, until_us: int) -> list[Hour]:
        """Return those that are kept of hours which began in a stretch of time, oldest first."""
        first, last = -(-since_us // HOUR_US), -(-until_us // HOUR_US)
        fields = range(max(first, last - KEPT_HOURS), last)
        if not fields:
            return []
        found: list[bytes | None] = await self._pipe.send("HMGET", keys.LOOP, *fields)
        return list(_readable(found))


def _field(at_us: int) -> int:
    return at_us // HOUR_US


def _readable(found: Iterable[bytes | None]) -> Iterable[Hour]:
    for packed in found:
        if packed is not None:
            try:
                yield _decode(packed)
            except UNREADABLE:
                continue  # of another release
