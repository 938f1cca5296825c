"""Exports: a reader's data on its way from the worker, who has the archive, to whoever asked.

The lines pass through the store in a list of their own that nobody keeps: it is taken away piece by
piece, and written no further ahead than a few pieces, however many there are. What is left of it goes
by itself two minutes after anything was done for it. An export that is dropped in between, since its
reader is erased, takes no further piece: it breaks off, and is never whole with a gap in it.
"""

import asyncio
import os
from collections.abc import AsyncIterator

import msgspec

from recsvc.clock import SECOND_US, apart_us
from recsvc.clock import now_us as clock_us
from recsvc.errors import ConflictError, LimitedError, StoreUnavailableError
from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures

TTL_S = 120

_POLL_S = 0.05
_FIRST_S = 10.0  # of no worker at all: one that is there may have others to write first
_PATIENCE_S = 60.0
_PIECES = 20
AHEAD = 3 * _PIECES
_MOST = 50
_AGAIN_S = 10
_GONE = "nobody waits for this export any more"
# No lines: an export's begin, its end, and an end before its time.
_BEGUN = b"\n"
_END = b""
_BROKEN_OFF = b"\0"


class Export(msgspec.Struct, frozen=True):
    """An export under way.

    Attributes:
        touched_us: when something was last done for it; 0 while it waits.
        network: of a reader for whom nobody vouches, what stands for where they are.
    """

    user: str
    requested_us: int
    touched_us: int = 0
    network: str | None = None

    @property
    def is_started(self) -> bool:
        """Whether it is being written."""
        return self.touched_us > 0

    @property
    def lately_us(self) -> int:
        """When something was last done for it."""
        return self.touched_us or self.requested_us

    def comes_from_where(self, other: "Export") -> bool:
        """Return whether another one is of the same reader, or of strangers of the same network."""
        is_neighbour = self.network is not None and self.network == other.network
        return self.user == other.user or is_neighbour


_decode = msgspec.json.Decoder(Export).decode


class Exports:
    """Passes exports from workers to readers."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._erasures = Erasures(pipe)

    async def request(self, user: str, now_us: int, network: str | None = None) -> str:
        """Ask for an export; return its id.

        Args:
            network: of a reader for whom nobody vouches, what stands for where they are.

        Raises:
            ConflictError: while the reader is being erased.
            LimitedError: while another one is under way of the same reader or network, or very many:
                few are written at a time, and everybody else would wait.
        """
        if await self._erasures.is_leaving(user):
            raise ConflictError("the reader is being erased; what comes later can be exported then")
        wanted = Export(user, now_us, network=network)
        others = (await self.pending(now_us)).values()
        if len(others) >= _MOST or any(map(wanted.comes_from_where, others)):
            raise LimitedError("an export is under way; try again in a moment", _AGAIN_S)
        identity = os.urandom(16).hex()
        await self._pipe.send("HSET", keys.EXPORTS, identity, msgspec.json.encode(wanted))
        return identity

    async def pending(self, now_us: int) -> dict[str, Export]:
        """Return the exports that are under way, by id, strangers' last; forget those that lie idle."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.EXPORTS)
        found = {identity.decode(): _decode(packed) for identity, packed in raw.items()}
        ttl_us = TTL_S * SECOND_US
        idle = [i for i, e in found.items() if apart_us(e.lately_us, now_us) > ttl_us]
        for identity in idle:
            await self.forget(identity)
            del found[identity]
        order = sorted(found.items(), key=lambda e: (e[1].network is not None, e[1].requested_us))
        return dict(order)

    async def start(self, identity: str, export: Export) -> None:
        """Note that an export is being written, so that nobody writes it a second time.

        Raises:
            ConflictError: as `write`.
        """
        await self.write(identity, export, _BEGUN)

    async def write(self, identity: str, export: Export, piece: bytes) -> None:
        """Append a piece, and return once there is room for the next; an empty one is the end.

        Raises:
            ConflictError: when the export was dropped, or nobody takes anything of it any more; there is
                nothing left to do for it.
        """
        noted = msgspec.json.encode(msgspec.structs.replace(export, touched_us=clock_us()))
        key_names = [keys.EXPORTS, keys.export(identity)]
        args: list[object] = [identity, noted, piece, TTL_S]
        n = int(await scripts.call(self._pipe, "export_piece", key_names, args))
        if n > AHEAD:
            await self._room(identity)
        elif not n:
            raise ConflictError(_GONE)

    async def _room(self, identity: str) -> None:
        """Wait until there are few pieces."""
        for _ in range(int(_PATIENCE_S / _POLL_S)):
            await asyncio.sleep(_POLL_S)
            n, is_wanted = await self._pipe.send_all(
                [("LLEN", keys.export(identity)), ("HEXISTS", keys.EXPORTS, identity)]
            )
            if not is_wanted:
                raise ConflictError(_GONE)
            if n <= AHEAD:
                return
        await self.forget(identity)
        raise ConflictError(_GONE)

    async def look_for_erasure(self, identity: str, export: Export) -> None:
        """Drop an export if its reader is being erased.

        Raises:
            ConflictError: when that is so.
        """
        if await self._erasures.is_leaving(export.user):
            await self.forget(identity)
            raise ConflictError("the reader is being erased")

    async def break_off(self, identity: str, export: Export) -> None:
        """End an export before its time; whoever waits for it is told at once.

        Raises:
            ConflictError: as `write`.
        """
        await self.write(identity, export, _BROKEN_OFF)

    async def read(self, identity: str) -> AsyncIterator[bytes]:
        """Yield an export's pieces as they come, up to its end.

        Raises:
            ConflictError: when the reader is being erased; what came so far is not all.
            StoreUnavailableError: when no worker writes (any more); nor is it then.
        """
        silent_s, has_begun = 0.0, False
        try:
            while True:
                pieces, is_wanted, has_worker = await self._pipe.send_all(
                    [
                        ("LPOP", keys.export(identity), _PIECES),
                        ("HEXISTS", keys.EXPORTS, identity),
                        ("EXISTS", keys.WORKER),
                    ]
                )
                for piece in map(bytes, pieces or ()):
                    if piece == _END:
                        return
                    if piece == _BROKEN_OFF:
                        raise StoreUnavailableError("the export broke off; ask for it again")
                    if piece != _BEGUN:
                        yield piece
                if pieces:
                    silent_s, has_begun = 0.0, True
                    continue
                if not is_wanted:
                    raise ConflictError("the reader was erased meanwhile")
                silent_s += _POLL_S
                if silent_s > (_PATIENCE_S if has_begun or has_worker else _FIRST_S):
                    break
                await asyncio.sleep(_POLL_S)
        finally:
            await self.forget(identity)
        raise StoreUnavailableError("no worker answers, and only workers can read the archive")

    async def forget(self, identity: str) -> None:
        """Drop an export and what is left of it."""
        await self._pipe.send_all(
            [("HDEL", keys.EXPORTS, identity), ("DEL", keys.export(identity))]
        )
