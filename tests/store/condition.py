"""Conditions in which a real server refuses writes, and the end of each."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from recsvc.store.connection import Redis, look_whether_it_accepts
from recsvc.store.refusals import refusals
from tests.service import free_port

Condition = Callable[[Redis], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def full(redis: Redis) -> AsyncIterator[None]:
    await redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await redis.config_set("maxmemory", 0)


@asynccontextmanager
async def replica(redis: Redis) -> AsyncIterator[None]:
    await redis.replicaof("127.0.0.1", free_port())
    try:
        yield
    finally:
        await redis.replicaof("NO", "ONE")


@asynccontextmanager
async def replica_without_primary(redis: Redis) -> AsyncIterator[None]:
    await redis.config_set("replica-serve-stale-data", "no")
    await redis.config_set("replica-read-only", "no")  # else that is what it says first
    try:
        async with replica(redis):
            yield
    finally:
        await redis.config_set("replica-read-only", "yes")
        await redis.config_set("replica-serve-stale-data", "yes")


@asynccontextmanager
async def without_replicas(redis: Redis) -> AsyncIterator[None]:
    await redis.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        await redis.config_set("min-replicas-to-write", 0)


CONDITIONS: dict[str, Condition] = {
    "OOM": full,
    "READONLY": replica,
    "MASTERDOWN": replica_without_primary,
    "NOREPLICAS": without_replicas,
}


async def until_accepted(redis: Redis) -> None:
    for _ in range(500):
        await look_whether_it_accepts(redis)
        if refusals.reason is None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the store still refuses: {refusals.problem}")
