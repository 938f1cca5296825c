"""Leases: one leader at a time, and a fencing token that outs those who only think they lead.

A paused process may wake up after its lease ran out. Whatever must not happen twice takes the token
along and is refused when a later one has been given out (Kleppmann: "Designing Data-Intensive
Applications", 2017, chapter 8).
"""

from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe


class Lease:
    """A lease on a name, for one holder."""

    def __init__(self, pipe: Pipe, name: str, holder: str, ttl_s: float) -> None:
        self._pipe = pipe
        self._name = name
        self._holder = holder
        self._ttl_ms = int(ttl_s * 1000)

    async def acquire(self) -> int:
        """Take or renew the lease; return the fencing token, 0 while somebody else holds it."""
        key_names = [keys.lock(self._name), keys.FENCE]
        args: list[object] = [self._name, self._holder, self._ttl_ms]
        return int(await scripts.call(self._pipe, "lease", key_names, args))

    async def release(self) -> None:
        """Give the lease back at once, so that nobody has to wait for it to run out."""
        await scripts.call(self._pipe, "release", [keys.lock(self._name)], [self._holder])
