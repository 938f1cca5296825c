"""The event log, from the side that consumes it: groups, reclaiming, dead letters, trimming."""

import asyncio
from typing import Any

import msgspec

from recsvc.core.readers.events import Entry
from recsvc.errors import ConflictError
from recsvc.store import keys, scripts
from recsvc.store.addresses import is_cluster
from recsvc.store.connection import Redis, translated
from recsvc.store.entry_ids import parse
from recsvc.store.log.epochs import Epochs
from recsvc.store.log.traces import Traces
from recsvc.store.pipe import Command, Pipe

GROUP = "boards"
_DEAD_LETTERS = 10_000
_FIRST_POLL_MS, _POLL_MS = 4, 64

_decode = msgspec.msgpack.Decoder(Entry).decode

_EVERY = tuple(keys.events(shard) for shard in range(keys.N_SHARDS))
_ALL_NEW = ("STREAMS", *_EVERY, *[">"] * keys.N_SHARDS)
_ALL_PENDING = ("STREAMS", *_EVERY, *["0"] * keys.N_SHARDS)

Fields = dict[bytes, bytes]


class Logged(msgspec.Struct, frozen=True):
    """An entry as the log delivers it.

    Attributes:
        fields: `e` the packed event; of a change of state also `s`, `w` and `n`: the state, the
            instant it was on since and the instant it is on since, empty for off; of a vote that
            is held also `d`, the instant from which it counts; of what was traced also `t`, the
            trace. No fields at all: the entry was erased while it was pending.
    """

    entry_id: str
    fields: Fields

    def entry(self) -> Entry:
        """Decode the event.

        Raises:
            msgspec.MsgspecError: when it can never be decoded.
        """
        return _decode(self.fields[b"e"])

    @property
    def trace(self) -> str:
        """The trace that it belongs to, as W3C Trace Context writes it; empty without one."""
        return self.fields.get(b"t", b"").decode("ascii", "replace")


class Streams:
    """Consumes the shards' logs for one worker.

    Attributes:
        epochs: which logs the store holds.
        traces: of what was applied lately.
    """

    def __init__(self, redis: Redis, consumer: str) -> None:
        self._pipe = Pipe(redis)
        # Of its own: whatever else is asked need not wait for new entries.
        self._waiting = Pipe(redis)
        self.epochs = Epochs(self._pipe)
        self.traces = Traces(self._pipe)
        self._redis = redis
        self._consumer = consumer

    async def create_groups(self) -> None:
        """Create the consumer group on every shard; existing ones stay where they are."""
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for shard in range(keys.N_SHARDS):
                pipeline.xgroup_create(keys.events(shard), GROUP, id="0", mkstream=True)
            await pipeline.execute(raise_on_error=False)  # BUSYGROUP: it exists

    async def read(self, count: int, block_ms: int) -> dict[int, list[Logged]]:
        """Return new entries by shard, waiting a while for the first."""
        if is_cluster(self._redis):
            return await self._polled(count, block_ms)
        return _by_shard(await self._waiting.send(*self._new(count), "BLOCK", block_ms, *_ALL_NEW))

    async def own_pending(self, count: int) -> dict[int, list[Logged]]:
        """Return entries that were delivered to this consumer and not yet acknowledged."""
        if is_cluster(self._redis):
            return await self._each("0", count)
        return _by_shard(await self._pipe.send(*self._new(count), *_ALL_PENDING))

    def _new(self, count: int) -> Command:
        return ("XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", count)

    async def _polled(self, count: int, block_ms: int) -> dict[int, list[Logged]]:
        """Do what `read` does where a call reads one slot only, and nobody can wait on all of them."""
        pause_ms, waited_ms = _FIRST_POLL_MS, 0
        while not (found := await self._each(">", count)) and waited_ms < block_ms:
            await asyncio.sleep(pause_ms / 1000)
            waited_ms += pause_ms
            pause_ms = min(2 * pause_ms, _POLL_MS)
        return found

    async def _each(self, after: str, count: int) -> dict[int, list[Logged]]:
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for shard in range(keys.N_SHARDS):
                pipeline.xreadgroup(GROUP, self._consumer, {keys.events(shard): after}, count=count)
            answers = await pipeline.execute()
        return {shard: logged for answer in answers for shard, logged in _by_shard(answer).items()}

    async def reclaim(self, idle_ms: int, count: int) -> int:
        """Take over what dead workers left; return how many entries that was."""
        how = (GROUP, self._consumer, idle_ms, "0-0", "COUNT", count)
        found = await self._pipe.send_all(
            [("XAUTOCLAIM", keys.events(shard), *how) for shard in range(keys.N_SHARDS)]
        )
        return sum(len(entries) for _, entries, *_ in found)

    async def previous(self, firsts: dict[int, str]) -> dict[int, str]:
        """Return, per shard, the id of the entry before the given one; empty if there is none."""
        answers = await self._pipe.send_all(
            [
                ("XREVRANGE", keys.events(shard), f"({first}", "-", "COUNT", 1)
                for shard, first in firsts.items()
            ]
        )
        return {
            shard: answer[0][0].decode() if answer else ""
            for shard, answer in zip(firsts, answers, strict=True)
        }

    async def acknowledge(self, done: dict[int, list[str]]) -> None:
        """Acknowledge entries by shard."""
        await self._pipe.send_all(
            [
                ("XACK", keys.events(shard), GROUP, *entry_ids)
                for shard, entry_ids in done.items()
                if entry_ids  # XACK without ids is an error
            ]
        )

    async def bury(self, shard: int, logged: Logged, reason: str) -> None:
        """Keep an entry that can never succeed, for a human to read."""
        with translated():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.xadd(
                keys.dead(shard),
                {**logged.fields, b"id": logged.entry_id.encode(), b"reason": reason.encode()},  # type: ignore[dict-item]
                maxlen=_DEAD_LETTERS,
            )
            await pipeline.execute()

    async def range(self, shard: int, after: str, until: str, count: int | None) -> list[Logged]:
        """Return entries in (after, until], at most `count` of them."""
        with translated():
            answer: Any = await self._redis.xrange(
                keys.events(shard), min=f"({after}", max=until, count=count
            )
        return [Logged(entry_id.decode(), fields) for entry_id, fields in answer]

    async def following(self, after: dict[int, str], count: int) -> dict[int, list[Logged]]:
        """Return what follows an entry of each shard, at most `count` of each, in one round trip."""
        asked = [
            ("XRANGE", keys.events(shard), f"({last}", "+", "COUNT", count)
            for shard, last in after.items()
        ]
        answers = await self._pipe.send_all(asked)
        return {
            shard: [Logged(entry_id.decode(), fields) for entry_id, fields in found]
            for shard, found in zip(after, answers, strict=True)
            if found
        }

    async def is_keyed(self) -> bool:
        """Return whether a key exists or ever did, so that it matters who vouches for an entry."""
        with translated():
            return bool(await self._redis.exists(keys.KEYED))

    async def lasts(self) -> dict[int, str]:
        """Return the last entry of each shard's log; shards without any are left out."""
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for shard in range(keys.N_SHARDS):
                pipeline.xrevrange(keys.events(shard), count=1)
            answers = await pipeline.execute()
        return {shard: found[0][0].decode() for shard, found in enumerate(answers) if found}

    async def lengths(self) -> dict[int, int]:
        """Return how many entries each shard's log holds."""
        asked = [("XLEN", keys.events(shard)) for shard in range(keys.N_SHARDS)]
        return dict(enumerate(await self._pipe.send_all(asked)))

    async def erase(self, shard: int, cuts: dict[str, str]) -> dict[str, int]:
        """Write a shard's log anew without some readers' entries, each up to a cut.

        Returns:
            By reader, how many entries went.

        Raises:
            ConflictError: while entries are being delivered; try again in a moment.
        """
        return await self._erase(keys.events(shard), cuts)

    async def erase_dead(self, shard: int, users: list[str]) -> dict[str, int]:
        """Write a shard's dead letters anew without those of some readers."""
        return await self._erase(keys.dead(shard), dict.fromkeys(users, ""))

    async def dead_letters(self, shard: int) -> list[Logged]:
        """Return a shard's dead letters."""
        with translated():
            answer: Any = await self._redis.xrange(keys.dead(shard))
        return [Logged(entry_id.decode(), fields) for entry_id, fields in answer]

    async def _erase(self, key: str, cuts: dict[str, str]) -> dict[str, int]:
        pairs = [word for pair in cuts.items() for word in pair]
        answers = await scripts.call(Pipe(self._redis), "erase_log", [key], pairs)
        if not answers and cuts:
            raise ConflictError("entries of the log are being delivered")
        return dict(zip(cuts, answers, strict=True))

    async def trim(self, until: dict[int, str], epoch: str) -> bool:
        """Drop entries up to and including the given ids; return whether that was done.

        Args:
            epoch: the log that was archived; where the store holds another, nothing is dropped.
        """
        if is_cluster(self._redis):
            return await self._trim_each(until, epoch)
        firsts = [(keys.events(shard), parse(entry_id)) for shard, entry_id in until.items()]
        names = [keys.EPOCHS, *(key for key, _ in firsts)]
        stay = [f"{ms}-{seq + 1}" for _, (ms, seq) in firsts]
        return bool(await scripts.call(Pipe(self._redis), "trim", names, [epoch, *stay]))

    async def _trim_each(self, until: dict[int, str], epoch: str) -> bool:
        """Do what `trim` does, in as many steps as there are logs.

        A log that begins anew meanwhile has later ids than those that were archived.
        """
        if (await self.epochs.held())[:1] != [epoch]:
            return False
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for shard, entry_id in until.items():
                ms, seq = parse(entry_id)
                pipeline.xtrim(keys.events(shard), minid=f"{ms}-{seq + 1}", approximate=False)
            await pipeline.execute()
        return True


def _by_shard(answer: dict[bytes, list[list[tuple[bytes, Fields]]]]) -> dict[int, list[Logged]]:
    found: dict[int, list[Logged]] = {}
    for key, lists in (answer or {}).items():
        shard = int(key[key.index(b"{") + 1 : key.index(b"}")])
        entries = [
            Logged(entry_id.decode(), fields or {})
            for entry_list in lists
            for entry_id, fields in entry_list
        ]
        if entries:
            found[shard] = entries
    return found
