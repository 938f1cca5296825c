"""The wire: commands to one server and their answers, with nothing in between.

redis-py opens and closes the connections - address, encryption, password, protocol, sentinels - and
knows what shape each answer has. But it reads every answer in a coroutine of its own with a timer of
its own, which takes 100 µs where the server needs 5. Here what came is parsed at once, and whoever sent
the batch is called with it: no task and no future stands in between.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

import hiredis
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from recsvc.store.addresses import Redis

Command = tuple[Any, ...]
# Called with the answers, or with why there are none.
Done = Callable[[list[Any] | Exception], object]

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
        self._giving_back: set[asyncio.Task[None]] = set()

    def begin(self, commands: Sequence[Command], done: Done) -> bool:
        """Send commands in one go over a connection that is free; return whether there is one.

        Args:
            done: called with their answers, an error being one, too; or with why they did not all come:
                a write may have happened.
        """
        wire = self._taken()
        if wire is not None:
            self._send(wire, commands, done)
        return wire is not None

    async def begin_anew(self, commands: Sequence[Command], done: Done) -> None:
        """Send commands over a connection that is opened for them, and kept for others.

        Raises:
            RedisError, OSError: when it cannot be opened.
        """
        self._send(_Wire(await self._pool.get_connection()), commands, done)

    def _send(self, wire: "_Wire", commands: Sequence[Command], done: Done) -> None:
        try:
            packed = b"".join(map(hiredis.pack_command, commands))
        except BaseException:
            self._free.append(wire)  # nothing was sent over it
            raise
        wire.exchange(packed, len(commands), partial(self._answered, wire, commands, done))

    def _answered(
        self, wire: "_Wire", commands: Sequence[Command], done: Done, found: list[Any] | Exception
    ) -> None:
        if isinstance(found, Exception):
            # What comes later would be taken for the answer to something else.
            self._discard(wire)
            done(found)
            return
        self._free.append(wire)
        try:
            shaped = [
                self._shaped(command[0], answer)
                for command, answer in zip(commands, found, strict=True)
            ]
        except Exception as exc:  # noqa: BLE001 - handed to the caller, not swallowed
            done(exc)
            return
        done(shaped)

    def _shaped(self, name: Any, answer: Any) -> Any:
        if isinstance(answer, ConnectionError):  # it is loading its log, or wants another password
            raise answer
        if isinstance(answer, RedisError) or name not in self._shapes:
            return answer
        return self._shapes[name](answer)

    def _taken(self) -> "_Wire | None":
        while self._free:
            wire = self._free.pop()
            if wire.is_open:
                return wire
            self._discard(wire)
        return None

    def _discard(self, wire: "_Wire") -> None:
        giving = asyncio.get_running_loop().create_task(self._give_back(wire))
        self._giving_back.add(giving)
        giving.add_done_callback(self._giving_back.discard)

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
        self._done: Done | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport = cast("asyncio.Transport", connection._writer.transport)
        self._former = self._transport.get_protocol()
        self._transport.set_protocol(self)

    def exchange(self, packed: bytes, n: int, done: Done) -> None:
        """Send so many packed commands, at least one, and have somebody called with their answers."""
        self._done, self._n, self._answers = done, n, []
        if self._timeout_s is not None:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_s, self._expire)
        try:
            self._transport.write(packed)
        except Exception as exc:  # noqa: BLE001 - handed to the caller, not swallowed
            self._tell(ConnectionError(f"the connection is closing: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not _NOTHING:
                if not isinstance(answer, hiredis.PushNotification):
                    self._answers.append(answer)
        except RedisError as exc:
            self._tell(exc)
            return
        if len(self._answers) >= self._n:
            self._tell(self._answers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits; tell redis-py, which may wait for the end, too."""
        self.is_open = False
        self._tell(ConnectionError(f"the connection was closed: {exc or 'by the server'}"))
        self._former.connection_lost(exc)

    def _expire(self) -> None:
        self._tell(TimeoutError("no answer in time"))

    def _tell(self, found: list[Any] | Exception) -> None:
        done, self._done = self._done, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if done is not None:
            done(found)
