"""Names of networks: what stands for where an event came from, without saying where that was.

A keyed digest of the /24 or /48. The key is made at random, kept for a month and then replaced, so that
afterwards nobody, with the whole store and archive in their hands, can test a guess against a name.
"""

import hashlib
import secrets
import time

from recsvc.clock import DAY_S
from recsvc.core.access.networks import wide
from recsvc.store import keys
from recsvc.store.pipe import Pipe

_KEY_S = 30 * DAY_S
_ASKED_EVERY_S = 60.0


class NetworkNames:
    """Names networks, alike in every process of a site."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._key = b""
        self._asked_s = 0.0

    async def name(self, neighbourhood: str) -> str:
        """Return what stands for the network that a neighbourhood is part of."""
        now_s = time.monotonic()
        if not self._key or now_s - self._asked_s > _ASKED_EVERY_S:
            made = secrets.token_bytes(32)
            answers = await self._pipe.send_all(
                [("SET", keys.NETWORKS, made, "NX", "EX", _KEY_S), ("GET", keys.NETWORKS)]
            )
            self._key, self._asked_s = bytes(answers[1]), now_s
        named = hashlib.blake2b(wide(neighbourhood).encode(), key=self._key, digest_size=8)
        return named.hexdigest()
