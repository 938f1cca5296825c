"""One vote on an item with 100,000 votes against one on an item with none: `python -m bench.votes`.

By the server's own clock, for as long as it serves nobody else.
"""

import asyncio
import tempfile
from pathlib import Path

from recsvc.clock import HOUR_US, now_us
from recsvc.core.items.trending import TrendingParams
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Batch, Boards, Vote
from recsvc.store.pipe import Pipe

_N_VOTES = 100_000
_N_TRIED = 300


async def main() -> None:
    """Print microseconds per vote."""
    with tempfile.TemporaryDirectory() as folder:
        store = BundledStore(Path(folder), "everysec")
        await store.start()
        redis = connect(store.url)
        boards = Boards(Pipe(redis), TrendingParams())
        now = now_us()
        for start in range(0, _N_VOTES, 1_000):
            votes = [Vote(f"u{n}", now - n * HOUR_US // 20) for n in range(start, start + 1_000)]
            await _cast(boards, "full", votes)
        took = {name: await _mean_us(redis, boards, name) for name in ("empty-{n}", "full")}
        await redis.aclose()
        await store.stop()
    none, full = took.values()
    print(
        f"a vote on an item without votes {none:.0f} µs, with {_N_VOTES:,} {full:.0f} µs, "
        f"{full / none:.2f} times as much"
    )


async def _mean_us(redis: Redis, boards: Boards, name: str) -> float:
    await redis.config_resetstat()
    for n in range(_N_TRIED):
        await _cast(boards, name.format(n=n), [Vote(f"new{n}", now_us())])
    found = await redis.info("commandstats")
    return float(found["cmdstat_evalsha"]["usec_per_call"])


async def _cast(boards: Boards, item: str, votes: list[Vote]) -> None:
    batch = Batch(0, "", "", "", {item: {"upvote": len(votes)}}, {item: votes})
    await boards.apply([batch], now_us())


if __name__ == "__main__":
    asyncio.run(main())
