"""Compaction: the store's log on disk written anew, so that it holds what the store holds and no more.

An append-only file is a history: what was deleted from the store stands in it until it is rewritten.
"""

import asyncio
import contextlib

from redis.exceptions import ResponseError

from recsvc.errors import StoreError
from recsvc.store.connection import Redis, translated

_POLL_S = 0.05
_TIMEOUT_S = 600.0


async def compact(redis: Redis) -> None:
    """Rewrite the append-only file, and return when the old one is gone.

    Raises:
        StoreError: when it does not work out; the old file is still there.
    """
    async with asyncio.timeout(_TIMEOUT_S):
        # One that is under way began before what must go went.
        await _until_idle(redis)
        await _start(redis)
        await _until_idle(redis)
    with translated():
        status = (await redis.info("persistence")).get("aof_last_bgrewrite_status")
        await redis.slowlog_reset()  # slow commands are kept with their arguments
    if status != "ok":
        raise StoreError(f"the append-only file was not rewritten: {status}")


async def _start(redis: Redis) -> None:
    with translated(), contextlib.suppress(ResponseError):  # somebody else has just started one
        await redis.bgrewriteaof()


async def _until_idle(redis: Redis) -> None:
    while True:
        with translated():
            info = await redis.info("persistence")
        if not info.get("aof_rewrite_in_progress") and not info.get("aof_rewrite_scheduled"):
            return
        await asyncio.sleep(_POLL_S)
