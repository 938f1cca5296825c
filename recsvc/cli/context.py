"""What commands share: settings, and a store to talk to - the running one or one of their own."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click

from recsvc.cli.starting import is_used, prepare_folder
from recsvc.core import compiled
from recsvc.errors import AlreadyRunningError, NotFoundError, StoreUnavailableError
from recsvc.settings import Settings
from recsvc.store import formats, policy
from recsvc.store.access import wrapping
from recsvc.store.access.credentials import Credentials
from recsvc.store.bundled import BundledStore, FolderLock
from recsvc.store.connection import Redis, connect, is_answering, translated
from recsvc.store.pipe import Pipe

_STARTING_S = 60.0

# What a command does where there is no store: say so and end, make one, or look at an empty one that
# is gone afterwards.
Without = Literal["refuse", "make", "borrow"]


@asynccontextmanager
async def store(settings: Settings, without: Without = "refuse") -> AsyncIterator[Redis]:
    """Connect to the service's store, and say on standard error which that is.

    The bundled one is started for as long as needed if no service runs.

    Args:
        without: what to do where there is none: a mistyped folder must not look like an empty service,
            so only what brings something in makes one.

    Raises:
        NewerError: when a newer release wrote to it.
        NotFoundError: when there is none and the command makes none.
        StoreUnavailableError: when nothing answers at `RECSVC_REDIS_URL`.
    """
    wrapping.use(settings.wrapping_key)
    compiled.use(is_wanted=settings.compiled)
    async with contextlib.AsyncExitStack() as stack:
        if settings.is_bundled:
            url = await stack.enter_async_context(_bundled(settings, without))
        else:
            url = settings.store_url
            _say(f"the one at {_shown(url)}")
        redis = await stack.enter_async_context(contextlib.aclosing(connect(url)))
        with translated():
            await redis.ping()
        await formats.check(redis)
        yield redis


@asynccontextmanager
async def _bundled(settings: Settings, without: Without) -> AsyncIterator[str]:
    """Give the address of the bundled store, whoever runs it."""
    folder = settings.data_path
    is_new = not is_used(settings)
    if is_new and without == "refuse":
        raise NotFoundError(
            f"no store in {folder.absolute()}, and no service runs there: `recsvc up` makes one, "
            "and RECSVC_DATA_DIR names another folder"
        )
    if is_new and without == "borrow":
        _say(f"none in {folder.absolute()}; an empty one is looked at instead, and nothing is kept")
        with tempfile.TemporaryDirectory() as borrowed:
            async with _started(settings, Path(borrowed)) as url:
                yield url
        return
    prepare_folder(settings)
    if await is_answering(settings.store_url):
        _say(f"that of the service running on {folder.absolute()}")
        yield settings.store_url
        return
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except AlreadyRunningError:
        _say(f"that of the service starting on {folder.absolute()}")
        await _until_answering(settings.store_url)
        yield settings.store_url
        return
    try:
        how = "a new one in" if is_new else "the one in"
        _say(f"{how} {folder.absolute()}, where no service runs")
        async with _started(settings, folder) as url:
            yield url
    finally:
        lock.release()


@asynccontextmanager
async def _started(settings: Settings, folder: Path) -> AsyncIterator[str]:
    """Run the bundled store of a folder meanwhile."""
    bundled = BundledStore(folder, settings.durability)
    await bundled.start(lambda text: click.echo(text, err=True))
    try:
        yield bundled.url
    finally:
        await bundled.stop()


def _say(which: str) -> None:
    click.echo(f"store: {which}", err=True)


def _shown(url: str) -> str:
    """Return an address without what could be secret in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


async def check_store(settings: Settings) -> None:
    """Look at the store's policy and secrets before the service relies on them.

    Secrets that are not wrapped yet are. A silent store is waited for later.

    Raises:
        NewerError: when a newer release wrote to it.
        SettingsError: when it will not do.
    """
    redis = connect(settings.store_url, timeout_s=3.0)
    try:
        with contextlib.suppress(StoreUnavailableError):
            await policy.check(redis)
            await formats.claim(redis)
            pipe = Pipe(redis)
            await wrapping.wrap_former(pipe)
            await Credentials(pipe).wrap_former()
    finally:
        await redis.aclose()


async def _until_answering(url: str) -> None:
    """Wait for a service that is just starting."""
    deadline = time.monotonic() + _STARTING_S
    while not await is_answering(url):
        if time.monotonic() > deadline:
            raise StoreUnavailableError("the service has the data folder but its store is silent")
        await asyncio.sleep(0.1)
