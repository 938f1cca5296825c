"""The wire: commands to one server and their answers, with nothing in between.

redis-py opens and closes the connections - address, encryption, password, protocol, sentinels - and
knows what shape each answer has. But it reads every answer in a coroutine of its own with a timer of
its own, which takes 100 µs where the server needs 5. Here what came is parsed at once, and one future
stands for a batch.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

import hiredis
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from recsvc.store.addresses import Redis

Command = tuple[Any, ...]

_NOTHING = object()
_OF: "WeakKeyDictionary[Redis, Wires]" = WeakKeyDictionary()


class Wires:
    """The connections of one client to one server: each carries one batch at a time."""

    @classmethod
    def of(cls, redis: Redis) -> "Wires":
        """Return a client's: it says where the server is, and closes them with its others."""
        known = _OF.get(redis)
        if known is None:
            known = _OF[redis] = cls(redis)
        return known

    def __init__(self, redis: Redis) -> None:
        self._pool: Any = redis.connection_pool
        self._shapes: Any = redis.response_callbacks
        self._free: list[_Wire] = []

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go and return their answers; an error is one, too.

        Raises:
            RedisError, OSError: when the server did not answer them all; a write may have happened.
        """
        packed = b"".join(map(hiredis.pack_command, commands))
        wire = await self._taken()
        try:
            answers = await wire.exchange(packed, len(commands))
        except BaseException:
            # What comes later would be taken for the answer to something else.
            await self._give_back(wire)
            raise
        self._free.append(wire)
        return [
            self._shaped(command[0], answer)
            for command, answer in zip(commands, answers, strict=True)
        ]

    def _shaped(self, name: Any, answer: Any) -> Any:
        if isinstance(answer, ConnectionError):  # it is loading its log, or wants another password
            raise answer
        if isinstance(answer, RedisError) or name not in self._shapes:
            return answer
        return self._shapes[name](answer)

    async def _taken(self) -> "_Wire":
        while self._free:
            wire = self._free.pop()
            if wire.is_open:
                return wire
            await self._give_back(wire)
        return _Wire(await self._pool.get_connection())

    async def _give_back(self, wire: "_Wire") -> None:
        await wire.connection.disconnect(nowait=True)
        with contextlib.suppress(KeyError):  # of a client that was closed meanwhile
            await self._pool.release(wire.connection)


class _Wire(asyncio.Protocol):
    """One connection of redis-py's, read by us from when it is open.

    Attributes:
        is_open: whether the server is still at the other end.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.is_open = True
        self._timeout_s: float | None = connection.socket_timeout
        self._reader = hiredis.Reader(
            protocolError=ConnectionError,
            replyError=connection._parser.parse_error,
            notEnoughData=_NOTHING,
        )
        self._answers: list[Any] = []
        self._n = 0
        self._done: asyncio.Future[list[Any]] | None = None
        self._transport = cast("asyncio.Transport", connection._writer.transport)
        self._former = self._transport.get_protocol()
        self._transport.set_protocol(self)

    async def exchange(self, packed: bytes, n: int) -> list[Any]:
        """Send packed commands and return so many answers, at least one.

        Raises:
            RedisError: when they did not all come.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Any]] = loop.create_future()
        self._done = done
        self._n, self._answers = n, []
        timer = None
        if self._timeout_s is not None:
            timer = loop.call_later(self._timeout_s, self._fail, TimeoutError("no answer in time"))
        self._transport.write(packed)
        try:
            return await done
        finally:
            self._done = None
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not _NOTHING:
                if not isinstance(answer, hiredis.PushNotification):
                    self._answers.append(answer)
        except RedisError as exc:
            self._fail(exc)
            return
        if len(self._answers) >= self._n and self._done is not None and not self._done.done():
            self._done.set_result(self._answers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits; tell redis-py, which may wait for the end, too."""
        self.is_open = False
        self._fail(ConnectionError(f"the connection was closed: {exc or 'by the server'}"))
        self._former.connection_lost(exc)

    def _fail(self, exc: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc)
