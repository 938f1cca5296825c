"""A shared pipe: commands of concurrent requests travel in one round trip.

While one batch is under way the next one gathers, as in group commit: with `appendfsync always` the
server syncs its log once per batch instead of once per event. To one server a batch goes over a wire of
our own; to a cluster, where each command has its node, through redis-py.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from itertools import islice
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from recsvc.errors import StoreUnavailableError
from recsvc.store.addresses import is_cluster, written
from recsvc.store.connection import Redis, translated
from recsvc.store.wire import Command as Command
from recsvc.store.wire import Wires

_BATCH = 256
_IN_FLIGHT = 2
_SCAN = 1_000
_WAIT_MS = 1_000
_LONGEST_S = 5.0


class _Letter:
    """What one caller sends: commands that travel together, and one future for all their answers."""

    def __init__(self, commands: list[Command], key: str = "", replicas: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self.commands = commands
        self.key = key  # that its command writes, where replicas are waited for
        self.replicas = replicas
        self.posted_s = loop.time()
        self.answers: asyncio.Future[list[Any]] = loop.create_future()

    def deliver(self, answers: list[Any]) -> None:
        """Hand over the answers, or the first error among them."""
        if self.answers.done():
            return  # nobody waits any more
        error = next((a for a in answers if isinstance(a, RedisError)), None)
        if error is None:
            self.answers.set_result(answers)
        else:
            self.answers.set_exception(_translation(error))

    def fail(self, exc: Exception) -> None:
        """Tell that there will be no answers."""
        if not self.answers.done():
            self.answers.set_exception(exc)


class Pipe:
    """Sends commands, gathered into batches.

    Attributes:
        is_cluster: whether the keys of one call must share a slot.

    Errors come out of `send` and `send_all` translated. Commands of one `send_all` travel in order
    and in one batch, but others may come between them; between callers there is no order: up to two
    batches are under way at a time.
    """

    def __init__(self, redis: Redis, longest_s: float = _LONGEST_S) -> None:
        self._longest_s = longest_s
        self.is_cluster = is_cluster(redis)
        self._redis = redis
        self._wires = None if self.is_cluster else Wires.of(redis)
        self._waiting: list[_Letter] = []
        self._under_way = 0
        self._is_due = False
        self._senders: set[asyncio.Task[None]] = set()

    async def send(self, *command: Any) -> Any:
        """Send one command and return its answer.

        Raises:
            StoreUnavailableError: when the server did not answer; a write may have happened.
            StoreError: when it answered with an error.
        """
        (answer,) = await self._post(_Letter([command]))
        return answer

    async def send_safely(self, key: str, *command: Any, replicas: int) -> Any:
        """Send one command that writes a key, and return its answer once so many replicas have it, too.

        Raises:
            StoreUnavailableError: when they do not have it in time; it may arrive there later.
            StoreError: as `send`.
        """
        if not replicas:
            return await self.send(*command)
        answer, reached = await self._post(_Letter([command], key, replicas))
        if reached < replicas:
            raise StoreUnavailableError(f"{reached} of {replicas} replicas have it")
        return answer

    async def send_all(self, commands: list[Command]) -> list[Any]:
        """Send several commands in one round trip and return their answers.

        Raises:
            StoreUnavailableError: when the server did not answer; a write may have happened.
            StoreError: when it answered one of them with an error; the others are done all the same.
        """
        return await self._post(_Letter(commands)) if commands else []

    async def scan(self, pattern: str) -> AsyncIterator[bytes]:
        """Yield the keys like a pattern, in no order; one may come twice.

        Raises:
            StoreUnavailableError, StoreError: as `send`.
        """
        with translated():
            async for key in self._redis.scan_iter(match=pattern, count=_SCAN):
                yield key

    def _post(self, letter: _Letter) -> asyncio.Future[list[Any]]:
        # One future, not one per command: a `gather` whose first command failed would swallow the
        # cancellation of a caller that waits for the others.
        self._waiting.append(letter)
        if not self._is_due and self._under_way < _IN_FLIGHT:
            self._is_due = True
            # In the next step, with what others ask meanwhile.
            letter.answers.get_loop().call_soon(self._send_waiting)
        return letter.answers

    def _send_waiting(self) -> None:
        self._is_due = False
        while self._waiting and self._under_way < _IN_FLIGHT:
            self._under_way += 1
            batch = self._next_batch()
            try:
                is_sent = self._wires is not None and self._wires.begin(
                    _commands(batch), partial(self._answered_by_one, batch)
                )
            except Exception as exc:  # noqa: BLE001 - handed to the callers, not swallowed
                self._answered(batch, exc)
                continue
            if not is_sent:
                sender = asyncio.get_running_loop().create_task(self._send(batch))
                self._senders.add(sender)
                sender.add_done_callback(self._senders.discard)

    def _answered_by_one(self, batch: list[_Letter], found: list[Any] | BaseException) -> None:
        """Take what one server answered, command by command, and how many replicas have it all."""
        if isinstance(found, BaseException):
            self._answered(batch, found)
            return
        following = iter(found)
        answers = [list(islice(following, len(letter.commands))) for letter in batch]
        reached = list(following)
        for letter, one in zip(batch, answers, strict=True):
            if letter.replicas:
                one += reached
        self._answered(batch, answers)

    def _answered(self, batch: list[_Letter], found: list[list[Any]] | BaseException) -> None:
        """Hand over what came of a batch; what waits is sent first, as who is answered may take long."""
        self._under_way -= 1
        if isinstance(found, BaseException):
            self._fail(batch, found)
            return
        if self._waiting:
            self._send_waiting()
        for letter, answers in zip(batch, found, strict=True):
            letter.deliver(answers)

    def _fail(self, batch: list[_Letter], found: BaseException) -> None:
        """Tell whose batch was lost, and who waited long for it: they would wait as long once more."""
        ending = StoreUnavailableError("shutting down")
        exc = _translation(found) if isinstance(found, Exception) else ending
        before_s = asyncio.get_running_loop().time() - self._longest_s
        n_long = sum(letter.posted_s < before_s for letter in self._waiting)
        lost, self._waiting = batch + self._waiting[:n_long], self._waiting[n_long:]
        if self._waiting:
            self._send_waiting()
        for letter in lost:
            letter.fail(exc)

    def _next_batch(self) -> list[_Letter]:
        n_letters = n_commands = 0
        while n_letters < len(self._waiting) and n_commands < _BATCH:
            n_commands += len(self._waiting[n_letters].commands)
            n_letters += 1
        batch, self._waiting = self._waiting[:n_letters], self._waiting[n_letters:]
        return batch

    async def _send(self, batch: list[_Letter]) -> None:
        """Send a batch for which there is no wire yet, or not one alone."""
        try:
            if self._wires is not None:
                done = partial(self._answered_by_one, batch)
                await self._wires.begin_anew(_commands(batch), done)
                return
            safe = [letter for letter in batch if letter.replicas]
            plain = [letter for letter in batch if not letter.replicas]
            both = await asyncio.gather(self._written(safe), self._piped(plain))
        except BaseException as exc:
            self._answered(batch, exc)
            if not isinstance(exc, Exception):
                raise
            return
        answers = dict(zip([*safe, *plain], [*both[0], *both[1]], strict=True))
        self._answered(batch, [answers[letter] for letter in batch])

    async def _written(self, letters: list[_Letter]) -> list[list[Any]]:
        if not letters:
            return []
        writes = [(letter.key, letter.commands[0]) for letter in letters]
        return await written(self._redis, writes, _wait_for(letters)[0])

    async def _piped(self, letters: list[_Letter]) -> list[list[Any]]:
        pipeline = self._redis.pipeline(transaction=False)
        for letter in letters:
            for command in letter.commands:
                pipeline.execute_command(*command)
        following = iter(await pipeline.execute(raise_on_error=False) if letters else [])
        return [list(islice(following, len(letter.commands))) for letter in letters]


def _commands(batch: list[_Letter]) -> list[Command]:
    return [command for letter in batch for command in letter.commands] + _wait_for(batch)


def _wait_for(letters: list[_Letter]) -> list[Command]:
    """Return what waits for the replicas that some letters ask for; nothing where none does.

    It comes once for all: each would wait again for what those before it have waited for in vain.
    """
    replicas = max(letter.replicas for letter in letters)
    return [("WAIT", replicas, _WAIT_MS)] if replicas else []


def _translation(error: Exception) -> Exception:
    if isinstance(error, NoScriptError):
        return error  # `Scripts` loads the script and sends again
    try:
        with translated():
            raise error
    except Exception as exc:  # noqa: BLE001 - handed to the caller, not swallowed
        return exc
