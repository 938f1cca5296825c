"""The event log, from the side that writes it."""

import asyncio
import enum
import hashlib
import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec

from recsvc import tracing
from recsvc.clock import DAY_S, HOUR_S, HOUR_US, SECOND_US
from recsvc.core.access.budget import BudgetParams
from recsvc.core.access.caller import is_anonymous
from recsvc.core.items.aliases import Aliases
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import Kind
from recsvc.errors import StoreUnavailableError
from recsvc.params import setting
from recsvc.store import keys, scripts
from recsvc.store.access.signatures import Signatures, reader_digest, signatures
from recsvc.store.pipe import Pipe

# One call blocks the server for about 10 µs per event; 200 keep it under 2 ms.
_PER_CALL = 200

_PURPOSE = "event-id"
_DIGEST_BYTES = 12

_encode = msgspec.msgpack.Encoder().encode


class Outcome(enum.IntEnum):
    """What became of an event that was logged."""

    DUPLICATE = 0
    TAKEN = 1
    UNCHANGED = (
        2  # taken, and what it would switch is as it was: something later stands, or the same
    )


class EventLogParams(msgspec.Struct, frozen=True):
    """What the log keeps, and how long.

    Attributes:
        event_id_days: at most twice that.
        profile_items: in detail; what stands is never forgotten.
    """

    event_id_days: Annotated[
        float, setting("A repeated event id is recognised for at least this long.", gt=0)
    ] = 3.0
    profile_ttl_days: Annotated[
        float, setting("Profiles of readers who stay away are forgotten after this.", gt=0)
    ] = 400.0
    profile_items: Annotated[int, setting("Interactions kept per reader, the latest.", ge=10)] = (
        2_000
    )
    shown_items: Annotated[
        int, setting("Impressions remembered per reader, the latest.", ge=10)
    ] = 1_000
    vote_hold_hours: Annotated[
        float,
        setting(
            "Votes count on boards once their reader has been known for this long; 0: at once.",
            ge=0,
            le=8_760,
        ),
    ] = 0.0
    anonymous_ttl_hours: Annotated[
        float, setting("Profiles of anonymous sessions are forgotten after this.", gt=0)
    ] = 24.0
    wait_for_replicas: Annotated[
        int,
        setting(
            "Replicas of the store that must have an event before it is acknowledged; 0: what a store "
            "acknowledged in the moment before it died may be lost where a replica stands in for it.",
            ge=0,
            le=5,
        ),
    ] = 0
    budget: BudgetParams = BudgetParams()


class _Named(NamedTuple):
    """By what an event is known again: digests, empty where nothing identifies it.

    Attributes:
        digest: keyed, so that nobody who has the store can test guesses.
        former: as former releases made it.
        reader: keyed, of the reader.
    """

    digest: bytes
    former: bytes
    reader: bytes


_NAMELESS = _Named(b"", b"", b"")


class _Waiting(NamedTuple):
    """An entry that waits to be sent.

    Attributes:
        trace: that it is part of; empty for none.
    """

    entry: Entry
    said_us: int | None
    trace: str
    future: asyncio.Future[Outcome]


class EventLog:
    """Appends events and folds them into profiles: one server-side function, atomic per event.

    While one call is under way the events of other requests gather for the next one, so that a busy
    service pays for the call - and the server for syncing its log - once per batch. Two calls at a
    time would halve the batches and double the syncs.

    Args:
        aliases: returns the names of items as they are known now. An event is logged under the id of
            its item, whichever name it came by.

    Attributes:
        observe_logged: told of entries that the log has.
    """

    def __init__(
        self,
        pipe: Pipe,
        kinds: dict[str, Kind],
        params: EventLogParams,
        aliases: Callable[[], Aliases] = Aliases,
    ) -> None:
        self._pipe = pipe
        self._kinds = kinds
        self._aliases = aliases
        self._bucket_us = int(params.event_id_days * DAY_S * SECOND_US)
        self._replicas = params.wait_for_replicas
        self._limits = [
            int(2 * params.event_id_days * DAY_S),
            int(params.profile_ttl_days * DAY_S),
            params.profile_items,
            params.shown_items,
            int(params.vote_hold_hours * HOUR_US),
            int(params.anonymous_ttl_hours * HOUR_S),
            math.ceil(params.budget.readers / keys.N_SHARDS),
            params.budget.items,
            math.ceil(params.budget.event_ids / keys.N_SHARDS),
            int(params.budget.preference_days * DAY_S),
        ]
        self._waiting: list[_Waiting] = []
        self._sender: asyncio.Task[None] | None = None
        self._signs: Signatures | None = None
        self.observe_logged: Callable[[list[Entry]], object] = lambda _: None

    async def record(self, entries: list[Entry], dedupe: list[bool]) -> list[bool]:
        """Record entries and return, for each, whether it was new.

        Args:
            dedupe: for each entry without an event id, whether its content identifies it.

        Raises:
            StoreUnavailableError: nothing is known of the batch's fate; send it again with the
                same event ids.
        """
        said = [e.at_us if is_own else None for e, is_own in zip(entries, dedupe, strict=True)]
        return [o is not Outcome.DUPLICATE for o in await self.log(entries, said)]

    async def log(self, entries: list[Entry], said_us: list[int | None]) -> list[Outcome]:
        """Record entries and return what became of each.

        Args:
            said_us: for each entry without an event id the time that its sender named, which with the
                rest of its content identifies it; None where nothing does.

        Raises:
            StoreUnavailableError: as `record`.
        """
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Outcome]] = [loop.create_future() for _ in entries]
        trace = tracing.carried()
        self._waiting += [
            _Waiting(entry, said, trace, future)
            for entry, said, future in zip(entries, said_us, futures, strict=True)
        ]
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._drain())
        # What gathers several takes as long again as a single event's own way.
        outcomes = [await futures[0]] if len(futures) == 1 else list(await asyncio.gather(*futures))
        self.observe_logged(entries)
        return outcomes

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_PER_CALL], self._waiting[_PER_CALL:]
            first, *others = self._parts(batch)
            if others:
                await asyncio.gather(*(self._send(part) for part in (first, *others)))
            else:
                await self._send(first)

    def _parts(self, batch: list[_Waiting]) -> list[list[_Waiting]]:
        """Return what can be sent in one call each: all of it, or that of a shard."""
        if not self._pipe.is_cluster:
            return [batch]
        parts: dict[int, list[_Waiting]] = {}
        for waiting in batch:
            parts.setdefault(keys.shard_of(waiting.entry.user), []).append(waiting)
        return list(parts.values())

    async def _send(self, batch: list[_Waiting]) -> None:
        key_names: list[str] = []
        args: list[object] = list(self._limits)
        try:
            self._signs = self._signs or await signatures(self._pipe)
            for one in batch:
                named = _named(self._signs, one.entry, one.said_us)
                self._add(one.entry, named, key_names, args)
                args.append(one.trace)
            results = await scripts.call(self._pipe, "record", key_names, args, self._replicas)
        except BaseException as exc:
            # Whatever it is: nobody else would tell those who wait for this.
            lost = exc if isinstance(exc, Exception) else StoreUnavailableError("shutting down")
            for one in batch:
                if not one.future.done():
                    one.future.set_exception(lost)
            if not isinstance(exc, Exception):
                raise
            return
        for one, result in zip(batch, results, strict=True):
            if not one.future.done():
                one.future.set_result(Outcome(result))

    def _add(self, entry: Entry, named: _Named, key_names: list[str], args: list[object]) -> None:
        aliases = self._aliases()
        item = aliases.resolve(entry.item)
        if item != entry.item:
            entry = msgspec.structs.replace(entry, item=item)
        names = aliases.of(item)
        shard = keys.shard_of(entry.user)
        bucket = entry.received_us // self._bucket_us
        is_stranger = is_anonymous(entry.user)
        ids = keys.strangers_ids if is_stranger else keys.event_ids
        key_names += (
            ids(shard, bucket),
            ids(shard, bucket - 1),
            keys.events(shard),
            keys.profile(shard, entry.user),
            keys.shown(shard, entry.user),
            keys.heard_of(shard, entry.user),
            keys.names(shard),
            keys.forgotten(shard),
        )
        kind = self._kinds[entry.kind]
        args += (
            named.digest,
            item,
            kind.role.value,
            kind.state,
            entry.at_us,
            entry.value_milli or 0,
            _encode(entry),
            _encode(names) if names else b"",
            entry.received_us,
            "1" if is_stranger else "",
            entry.user,
            b"" if is_stranger else named.former,
            named.reader,
        )


def _identity(entry: Entry, said_us: int | None) -> str | None:
    """Return what identifies an event: its id within its user, or else its content; or nothing."""
    if entry.event_id is not None:
        return f"{entry.user}\n{entry.event_id}"
    if said_us is None:
        return None
    return f"{entry.user}\n\n{entry.item}\n{entry.kind}\n{said_us}\n{entry.value_milli}"


def _named(signs: Signatures, entry: Entry, said_us: int | None) -> _Named:
    identity = _identity(entry, said_us)
    if identity is None:
        return _NAMELESS
    digest = signs.digest(_PURPOSE, identity)[:_DIGEST_BYTES]
    former = hashlib.blake2b(identity.encode(), digest_size=_DIGEST_BYTES).digest()
    return _Named(digest, former, reader_digest(signs, entry.user))
