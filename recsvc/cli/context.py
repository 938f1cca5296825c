"""What commands share: settings, and a store to talk to - the running one or one of their own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recsvc.cli.starting import prepare_folder
from recsvc.errors import AlreadyRunningError, StoreUnavailableError
from recsvc.settings import Settings
from recsvc.store import policy
from recsvc.store.bundled import BundledStore, FolderLock
from recsvc.store.connection import Redis, connect, is_answering, translated

_STARTING_S = 60.0


@asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[Redis]:
    """Connect to the service's store; start the bundled one for as long as needed if it is off.

    Raises:
        StoreUnavailableError: when nothing answers at `RECSVC_REDIS_URL`.
    """
    prepare_folder(settings)
    lock, bundled = FolderLock(settings.data_path), None
    if settings.is_bundled and not await is_answering(settings.store_url):
        try:
            lock.acquire()
        except AlreadyRunningError:
            await _until_answering(settings.store_url)
        else:
            bundled = BundledStore(settings.data_path, settings.durability)
            await bundled.start()
    redis = connect(settings.store_url)
    try:
        with translated():
            await redis.ping()
        yield redis
    finally:
        await redis.aclose()
        if bundled is not None:
            await bundled.stop()
        lock.release()


async def check_store(settings: Settings) -> None:
    """Look at the store's policy before the service relies on it; a silent store is waited for later.

    Raises:
        SettingsError: when it will not do.
    """
    redis = connect(settings.store_url, timeout_s=3.0)
    try:
        with contextlib.suppress(StoreUnavailableError):
            await policy.check(redis)
    finally:
        await redis.aclose()


async def _until_answering(url: str) -> None:
    """Wait for a service that is just starting."""
    deadline = time.monotonic() + _STARTING_S
    while not await is_answering(url):
        if time.monotonic() > deadline:
            raise StoreUnavailableError("the service has the data folder but its store is silent")
        await asyncio.sleep(0.1)
