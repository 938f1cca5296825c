"""Exports: a reader's data on its way from the worker, who has the archive, to whoever asked.

The lines pass through the store in a list of their own that nobody keeps: it is taken away piece by
piece, and what is left of it after two minutes goes by itself.
"""

import asyncio
import os
from collections.abc import AsyncIterator

import msgspec

from recsvc.clock import SECOND_US
from recsvc.errors import LimitedError, StoreUnavailableError
from recsvc.store import keys
from recsvc.store.pipe import Pipe

TTL_S = 120

_POLL_S = 0.05
_FIRST_S = 10.0  # a worker that has not begun by then is not there
_PATIENCE_S = 60.0
_PIECES = 20
_MOST = 50
_AGAIN_S = 10
_END = b""


class Export(msgspec.Struct, frozen=True):
    """An export under way.

    Attributes:
        network: of a reader for whom nobody vouches, what stands for where they are.
    """

    user: str
    requested_us: int
    is_started: bool = False
    network: str | None = None

    def comes_from_where(self, other: "Export") -> bool:
        """Return whether another one is of the same reader, or of strangers of the same network."""
        is_neighbour = self.network is not None and self.network == other.network
        return self.user == other.user or is_neighbour


_decode = msgspec.json.Decoder(Export).decode


class Exports:
    """Passes exports from workers to readers."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def request(self, user: str, now_us: int, network: str | None = None) -> str:
        """Ask for an export; return its id.

        Args:
            network: of a reader for whom nobody vouches, what stands for where they are.

        Raises:
            LimitedError: while another one is under way of the same reader or network, or very many:
                one is written at a time, and everybody else would wait.
        """
        wanted = Export(user, now_us, network=network)
        others = (await self.pending(now_us)).values()
        if len(others) >= _MOST or any(map(wanted.comes_from_where, others)):
            raise LimitedError("an export is under way; try again in a moment", _AGAIN_S)
        identity = os.urandom(16).hex()
        await self._put(identity, wanted)
        return identity

    async def pending(self, now_us: int) -> dict[str, Export]:
        """Return the exports that were asked for lately, by id, strangers' last; forget the others."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.EXPORTS)
        found = {identity.decode(): _decode(packed) for identity, packed in raw.items()}
        oldest_us = now_us - TTL_S * SECOND_US
        for identity in [i for i, e in found.items() if e.requested_us < oldest_us]:
            await self.forget(identity)
            del found[identity]
        order = sorted(found.items(), key=lambda e: (e[1].network is not None, e[1].requested_us))
        return dict(order)

    async def start(self, identity: str, export: Export) -> None:
        """Note that an export is being written, so that nobody writes it a second time."""
        await self._put(identity, msgspec.structs.replace(export, is_started=True))

    async def write(self, identity: str, piece: bytes) -> None:
        """Append a piece; an empty one is the end."""
        key = keys.export(identity)
        await self._pipe.send_all([("RPUSH", key, piece), ("EXPIRE", key, TTL_S)])

    async def read(self, identity: str) -> AsyncIterator[bytes]:
        """Yield an export's pieces as they come, up to its end.

        Raises:
            StoreUnavailableError: when no worker writes any more; what came so far is not all.
        """
        patience_s = _FIRST_S
        try:
            while patience_s > 0:
                pieces = await self._pipe.send("LPOP", keys.export(identity), _PIECES)
                for piece in pieces or ():
                    if piece == _END:
                        return
                    yield bytes(piece)
                if pieces:
                    patience_s = _PATIENCE_S
                else:
                    patience_s -= _POLL_S
                    await asyncio.sleep(_POLL_S)
        finally:
            await self.forget(identity)
        raise StoreUnavailableError("no worker answers, and only workers can read the archive")

    async def forget(self, identity: str) -> None:
        """Drop an export and what is left of it."""
        await self._pipe.send_all(
            [("HDEL", keys.EXPORTS, identity), ("DEL", keys.export(identity))]
        )

    async def _put(self, identity: str, export: Export) -> None:
        await self._pipe.send("HSET", keys.EXPORTS, identity, msgspec.json.encode(export))
