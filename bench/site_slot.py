"""What the site's one slot of a cluster holds and does: `python -m bench.site_slot`.

A cluster of three masters with a catalogue in it; readers vote at a steady rate while a worker puts the
votes on the boards. How long a slot's commands took is the server's own account of it (`CLUSTER
SLOT-STATS`): by the clock, so that what else runs on the machine counts too. Beside it stands the
processor's time of the site's node, which has a third of the readers as well.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import redis as sync_redis
from redis.crc import key_slot

from recsvc.clock import now_us
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store import keys
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.memory import measure
from recsvc.store.pipe import Pipe
from tests.cluster import Cluster
from tests.stored import put_all
from workers.ingest import Ingest

_SITE, _SHARDS = "the site", "all shards"
_TICK_S = 0.02
_PER_CALL = 250
_WORDS = [f"word{n}" for n in range(5_000)]


async def main() -> None:
    """Print bytes by family, and what a vote takes of the site's slot and of the readers'."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000, help="votes a second")
    parser.add_argument("--seconds", type=int, default=10)
    asked = parser.parse_args()
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).running() as cluster:
        for port in cluster.masters:
            with sync_redis.Redis(port=port) as node:
                node.config_set("cluster-slot-stats-enabled", "yes")
                node.config_set("cluster-node-timeout", 60_000)  # a busy machine is no fault here
        redis = connect(cluster.url)
        pipe = Pipe(redis)
        items = Items(pipe)
        for start in range(0, asked.items, _PER_CALL):
            await put_all(items, [_item(n, rng) for n in range(start, start + _PER_CALL)])
        before, cpu = slot_times(cluster), node_s(cluster)
        n, n_batches, took_s = await _vote(redis, asked, rng)
        after, cpu = slot_times(cluster), node_s(cluster) - cpu
        held = await measure(redis)
        await redis.aclose()
    for family in held.families:
        if f"rs:{{site}}:{family.name}" in (keys.__doc__ or "") and family.size_bytes > 100_000:
            print(
                f"{family.name:10} {family.size_bytes / 1e6:8.1f} MB"
                f" {family.size_bytes / asked.items:8.0f} bytes/item"
            )
    print(f"{n:,} votes in {took_s:.1f} s, on the boards in {n_batches} batches")
    for name in before:
        took_us = after[name] - before[name]
        print(
            f"{name:10} {took_us / n:6.1f} µs/vote, {took_us / took_s / 1e4:5.1f} % of a processor"
        )
    print(f"its node, of a processor's time: {cpu / n * 1e6:.1f} µs/vote, {cpu / took_s:.1%}")


def node_s(cluster: Cluster) -> float:
    """Return the processor's time that the site's node took so far."""
    with sync_redis.Redis(port=cluster.holder(keys.ITEMS)) as node:
        told = node.info("cpu")
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])


def _item(n: int, rng: random.Random) -> StoredItem:
    text = " ".join(rng.choices(_WORDS, k=100))
    return StoredItem(id=f"item-{n}", title=f"Title {n}", text=text, created_us=now_us())


def slot_times(cluster: Cluster) -> dict[str, int]:
    """Return the microseconds that commands took so far: of the site's slot, and of all readers'."""
    by_slot: dict[int, int] = {}
    for port in cluster.masters:
        with sync_redis.Redis(port=port) as node:
            told: Any = node.execute_command("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 16_383)
            by_slot |= {slot: _figures(figures)[b"cpu-usec"] for slot, figures in told}
    shards = {key_slot(keys.events(shard).encode()) for shard in range(keys.N_SHARDS)}
    return {
        _SITE: by_slot[key_slot(keys.ITEMS.encode())],
        _SHARDS: sum(by_slot[slot] for slot in shards),
    }


def _figures(told: Any) -> dict[bytes, int]:
    return told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))


async def _vote(
    redis: Any, asked: argparse.Namespace, rng: random.Random
) -> tuple[int, int, float]:
    """Vote at the rate asked for until all is on the boards; return votes, batches and seconds."""
    log = EventLog(Pipe(redis), KINDS, EventLogParams())
    streams = Streams(redis, "bench")
    ingest = Ingest(streams, Boards(Pipe(redis), TrendingParams()), KINDS, 10)
    await ingest.start()
    n, n_batches, started_s = asked.rate * asked.seconds, 0, time.monotonic()

    async def work() -> None:
        nonlocal n_batches
        while ingest.n_applied < n:
            n_batches += await ingest.run_once() > 0

    working = asyncio.create_task(work())
    sending: list[asyncio.Task[list[bool]]] = []
    while len(sending) < n:
        due = min(n, round((time.monotonic() - started_s) * asked.rate))
        for k in range(len(sending), due):
            user, item = f"reader-{rng.randrange(20_000)}", f"item-{rng.randrange(asked.items)}"
            entry = Entry(user, item, "upvote", now_us(), now_us(), event_id=str(k))
            sending.append(asyncio.create_task(log.record([entry], [False])))
        await asyncio.sleep(_TICK_S)
    await asyncio.gather(*sending)
    await working
    return n, n_batches, time.monotonic() - started_s


if __name__ == "__main__":
    asyncio.run(main())
