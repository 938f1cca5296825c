"""The event log, from the side that writes it."""

import asyncio
import enum
import hashlib
import math
from collections import defaultdict
from collections.abc import Callable
from itertools import chain
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

# One call blocks the server for some 30 µs per event where it has no quiet processor: 6 ms for 200.
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


_OUTCOMES = tuple(Outcome)


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


class _Request:
    """Entries that came together, and what becomes of each.

    Attributes:
        said_us: as `EventLog.log` takes it.
        trace: that they are part of; empty for none.
        outcomes: given once all are known.
    """

    def __init__(self, entries: list[Entry], said_us: list[int | None], trace: str) -> None:
        self.entries = entries
        self.said_us = said_us
        self.trace = trace
        self.outcomes: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._found = [Outcome.DUPLICATE] * len(entries)
        self._n_left = len(entries)

    def note(self, place: int, outcome: Outcome) -> None:
        """Take what became of one entry."""
        self._found[place] = outcome
        self._n_left -= 1
        if not self._n_left and not self.outcomes.done():
            self.outcomes.set_result(self._found)

    def fail(self, exc: Exception) -> None:
        """Tell that nothing is known of some entries' fate."""
        if not self.outcomes.done():
            self.outcomes.set_exception(exc)


class _Waiting(NamedTuple):
    """An entry that waits to be sent, and its place among those that came with it."""

    entry: Entry
    request: _Request
    place: int


# Entries of one shard, or of several, that travel in one call: in the order in which they came.
_Call = list[_Waiting]


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
        self._waiting: list[_Request] = []
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
        if not entries:
            return []
        request = _Request(entries, said_us, tracing.carried())
        self._waiting.append(request)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._drain())
        outcomes = await request.outcomes
        self.observe_logged(entries)
        return outcomes

    async def _drain(self) -> None:
        while self._waiting:
            requests, self._waiting = self._waiting, []
            try:
                lanes = self._lanes(requests)
                if len(lanes) == 1:
                    await self._send_each(lanes[0])
                else:
                    await asyncio.gather(*map(self._send_each, lanes))
            except BaseException as exc:
                # Whatever it is: nobody else would tell those who wait for this.
                lost = exc if isinstance(exc, Exception) else StoreUnavailableError("shutting down")
                for request in [*requests, *self._waiting]:
                    request.fail(lost)
                self._waiting = []
                if not isinstance(exc, Exception):
                    raise

    def _lanes(self, requests: list[_Request]) -> list[list[_Call]]:
        """Return what can be sent side by side: calls that go one after another.

        One server takes entries of several shards in a call, and answers one call at a time. What is of
        one shard travels together: whatever is asked of a shard is asked once a call.
        """
        by_shard: defaultdict[int, _Call] = defaultdict(list)
        for request in requests:
            for place, entry in enumerate(request.entries):
                by_shard[keys.shard_of(entry.user)].append(_Waiting(entry, request, place))
        if self._pipe.is_cluster:
            return [_cut(of_shard) for of_shard in by_shard.values()]
        return [_cut(list(chain.from_iterable(by_shard.values())))]

    async def _send_each(self, calls: list[_Call]) -> None:
        for call in calls:
            try:
                await self._send(call)
            except Exception as exc:  # noqa: BLE001 - handed to the callers, not swallowed
                for one in call:
                    one.request.fail(exc)

    async def _send(self, call: _Call) -> None:
        self._signs = self._signs or await signatures(self._pipe)
        aliases = self._aliases()
        groups: defaultdict[_Group, defaultdict[str, _Call]] = defaultdict(
            lambda: defaultdict(list)
        )
        for one in call:
            groups[self._group(one.entry)][one.entry.user].append(one)
        key_names: list[str] = []
        args: list[object] = list(self._limits)
        for group, readers in groups.items():
            key_names += group.keys()
            args += (len(readers), "1" if group.is_strangers else "")
            for user, waiting in readers.items():
                key_names += (keys.profile(group.shard, user), keys.shown(group.shard, user))
                args += (user, reader_digest(self._signs, user), len(waiting))
                for one in waiting:
                    self._add(one, aliases, args)
        results = await scripts.call(self._pipe, "record", key_names, args, self._replicas)
        sent = chain.from_iterable(w for readers in groups.values() for w in readers.values())
        for one, result in zip(sent, results, strict=True):
            one.request.note(one.place, _OUTCOMES[result])

    def _group(self, entry: Entry) -> "_Group":
        bucket = entry.received_us // self._bucket_us
        return _Group(keys.shard_of(entry.user), bucket, is_anonymous(entry.user))

    def _add(self, one: _Waiting, aliases: Aliases, args: list[object]) -> None:
        entry = one.entry
        item = aliases.resolve(entry.item)
        if item != entry.item:
            entry = msgspec.structs.replace(entry, item=item)
        names = aliases.of(item)
        kind = self._kinds[entry.kind]
        assert self._signs is not None
        args += _digests(self._signs, one.entry, one.request.said_us[one.place])
        args += (
            item,
            kind.role.value,
            kind.state,
            entry.at_us,
            entry.value_milli or 0,
            _encode(entry),
            _encode(names) if names else b"",
            entry.received_us,
            one.request.trace,
        )


class _Group(NamedTuple):
    """Whose entries share all keys but their own: readers of a shard, or its anonymous sessions."""

    shard: int
    bucket: int
    is_strangers: bool

    def keys(self) -> tuple[str, ...]:
        """Return the keys that they share."""
        ids = keys.strangers_ids if self.is_strangers else keys.event_ids
        index = keys.strangers if self.is_strangers else keys.readers
        return (
            ids(self.shard, self.bucket),
            ids(self.shard, self.bucket - 1),
            keys.events(self.shard),
            index(self.shard),
            keys.names(self.shard),
            keys.forgotten(self.shard),
        )


def _cut(waiting: _Call) -> list[_Call]:
    return [waiting[at : at + _PER_CALL] for at in range(0, len(waiting), _PER_CALL)]


def _identity(entry: Entry, said_us: int | None) -> str | None:
    """Return what identifies an event: its id within its user, or else its content; or nothing."""
    if entry.event_id is not None:
        return f"{entry.user}\n{entry.event_id}"
    if said_us is None:
        return None
    return f"{entry.user}\n\n{entry.item}\n{entry.kind}\n{said_us}\n{entry.value_milli}"


def _digests(signs: Signatures, entry: Entry, said_us: int | None) -> tuple[bytes, bytes]:
    """Return by what an event is known again, keyed and as former releases made it; empty for nothing.

    Keyed, so that nobody who has the store can test guesses. Former releases knew no session's.
    """
    identity = _identity(entry, said_us)
    if identity is None:
        return b"", b""
    digest = signs.digest(_PURPOSE, identity)[:_DIGEST_BYTES]
    if is_anonymous(entry.user):
        return digest, b""
    return digest, hashlib.blake2b(identity.encode(), digest_size=_DIGEST_BYTES).digest()
