"""Frozen lists: ranked lists that wait for their next page, for as long as a cursor may continue them.

One stream per reader and one for everybody's lists, each with a cap: who fills one drives out its own
oldest. Keys hold a fingerprint of the reader, so that a cursor can name its list and nobody. The same
list frozen again soon, as by a board that many read, is kept once. Nothing of it goes to the disk.
"""

import hashlib
from typing import Annotated

import msgspec

from recsvc.clock import SECOND_US, now_us
from recsvc.params import setting
from recsvc.store import keys, scripts
from recsvc.store.access.signatures import Signatures
from recsvc.store.pipe import Pipe

_PURPOSE = "lists"
_OF_A_READER = 20
_REUSED_S = 60
_REMEMBERED = 1_000
_FIELD = ""

Place = tuple[str, str]


class FrozenParams(msgspec.Struct, frozen=True):
    """How many lists wait, and how long."""

    frozen_lists: Annotated[
        int,
        setting(
            "Lists for everybody that wait for their next page, at most: about 2 kB each.", ge=100
        ),
    ] = 20_000
    cursor_ttl_s: Annotated[
        int, setting("A cursor whose list is older than this is answered with 410.", ge=1)
    ] = 1_800


class FrozenLists:
    """Keeps lists, and finds them again."""

    def __init__(self, pipe: Pipe, signs: Signatures, params: FrozenParams) -> None:
        self._pipe = pipe
        self._signs = signs
        self._cap = params.frozen_lists
        self._ttl_s = params.cursor_ttl_s
        self._latest: dict[tuple[str, bytes], tuple[str, int]] = {}

    async def freeze(self, user: str | None, packed: bytes) -> Place:
        """Keep a list for a reader, or for everybody; return where it is.

        Raises:
            StoreUnavailableError: when it was not kept.
        """
        whose = self.whose(user)
        same = (whose, hashlib.blake2b(packed, digest_size=16).digest())
        now_s = now_us() // SECOND_US
        entry, at_s = self._latest.get(same, ("", 0))
        if not 0 <= now_s - at_s < _REUSED_S:
            entry = await self._add(whose, packed)
            self._remember(same, (entry, now_s))
        return whose, entry

    def whose(self, user: str | None) -> str:
        """Return by what a reader's lists are known; empty for everybody's."""
        return "" if user is None else whose_lists(self._signs, user)

    def _remember(self, same: tuple[str, bytes], entry: tuple[str, int]) -> None:
        self._latest.pop(same, None)  # what is written last stands last
        self._latest[same] = entry
        if len(self._latest) > _REMEMBERED:
            del self._latest[next(iter(self._latest))]

    async def _add(self, whose: str, packed: bytes) -> str:
        cap = ("=", _OF_A_READER) if whose else ("~", self._cap)
        args = [*cap, self._ttl_s + _REUSED_S, packed]
        return bytes(await scripts.call(self._pipe, "freeze", [keys.lists(whose)], args)).decode()

    async def thaw(self, place: Place) -> bytes | None:
        """Return a list that was kept; None when it is gone."""
        whose, entry = place
        found = await self._pipe.send("XRANGE", keys.lists(whose), entry, entry)
        return bytes(found[0][1][_FIELD.encode()]) if found else None


def whose_lists(signs: Signatures, user: str) -> str:
    """Return by what a reader's lists are kept: their shard and a fingerprint."""
    return f"{keys.shard_of(user)}:{signs.fingerprint(_PURPOSE, user)}"
