"""The backlog: what of the log the worker has not dealt with yet, and whether there is a worker."""

from typing import Any

import msgspec

from recsvc.store import keys
from recsvc.store.connection import Redis, translated
from recsvc.store.entry_ids import FIRST, EntryId, parse
from recsvc.store.pipe import Pipe


class ShardLog(msgspec.Struct, frozen=True):
    """The log of a shard.

    Attributes:
        length: how many entries it holds.
        last: its last entry; what was archived is none any more, and a log that was mended, or made anew
            from the archive, may not say any more that it is on the boards.
        waiting: entries that no worker has dealt with.
    """

    length: int
    last: EntryId
    waiting: int


class Signs(msgspec.Struct, frozen=True):
    """What the workers show of themselves.

    Attributes:
        heartbeat_us: the last sign of life of one; 0 without one.
        demo: whether the demo is loaded.
        problems: what ails them, by name.
    """

    heartbeat_us: int
    demo: bool
    problems: dict[str, str]


class Backlog(msgspec.Struct, frozen=True):
    """What there is to do.

    Attributes:
        logs: by shard, those that have a log.
    """

    signs: Signs
    logs: dict[int, ShardLog]


async def glance(pipe: Pipe) -> tuple[Signs, dict[int, int]]:
    """Return the workers' signs, and how many entries each shard's log holds.

    To be asked what `look` is asked takes the store ten times as long, and who asks fifty times.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    lengths = [("XLEN", keys.events(shard)) for shard in range(keys.N_SHARDS)]
    heartbeat, demo, problems, *found = await pipe.send_all(
        [("GET", keys.WORKER), ("EXISTS", keys.DEMO), ("HGETALL", keys.PROBLEMS), *lengths]
    )
    return _signs(heartbeat, demo, problems), dict(enumerate(found))


async def look(redis: Redis) -> Backlog:
    """Return the backlog of this moment, asked for in one round trip.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    with translated():
        pipeline = redis.pipeline(transaction=False)
        pipeline.get(keys.WORKER)
        pipeline.exists(keys.DEMO)
        pipeline.hgetall(keys.PROBLEMS)
        for shard in range(keys.N_SHARDS):
            pipeline.xinfo_stream(keys.events(shard))
        for shard in range(keys.N_SHARDS):
            pipeline.xinfo_groups(keys.events(shard))
        heartbeat, demo, problems, *found = await pipeline.execute(raise_on_error=False)
    streams, groups = found[: keys.N_SHARDS], found[keys.N_SHARDS :]
    logs = {
        shard: _log(stream, groups[shard])
        for shard, stream in enumerate(streams)
        if isinstance(stream, dict)  # an error where there is no such stream yet
    }
    return Backlog(_signs(heartbeat, demo, problems), logs)


def _signs(heartbeat: bytes | None, demo: int, problems: dict[bytes, bytes]) -> Signs:
    told = {name.decode(): text.decode() for name, text in problems.items()}
    return Signs(int(heartbeat or 0), bool(demo), told)


def _log(stream: dict[str, Any], groups: list[dict[str, Any]]) -> ShardLog:
    entry = stream["last-entry"]
    last = parse(entry[0]) if entry else FIRST
    waiting = sum(_lag(group, last) + group["pending"] for group in groups)
    if not groups:
        waiting = int(stream["length"])
    return ShardLog(int(stream["length"]), last, waiting)


def _lag(group: dict[str, Any], last: EntryId) -> int:
    """Return how many entries a group was not yet given.

    The server's figure is a difference of two counts, which a log that was mended may have put apart for
    good, to either side: where the last entry was given, nothing is left.
    """
    is_through = parse(group["last-delivered-id"]) >= last
    return 0 if is_through else max(0, group["lag"] or 0)
