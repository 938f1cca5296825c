"""`recsvc up`: the whole service on one machine - store, API and workers, started and looked after."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

import click
import structlog

from recsvc.access.owner import owner_of
from recsvc.cli.context import check_store
from recsvc.cli.demo import load_demo
from recsvc.cli.exposure import refuse_to_expose
from recsvc.cli.parts import Part, forked
from recsvc.cli.starting import check_engine, prepare_folder, wait_for_port
from recsvc.logs import configure
from recsvc.settings import Settings, from_environment
from recsvc.store.access import wrapping
from recsvc.store.access.credentials import Credentials
from recsvc.store.bundled import BundledStore, FolderLock, Supervisor
from recsvc.store.connection import connect
from recsvc.store.keepsake import Keepsake
from recsvc.store.pipe import Pipe
from recsvc.store.troubles import StoreProblem

log = structlog.get_logger()

_READY_S = 60.0
_WATCH_S = 0.5
_DIGEST_AFTER_S = 3.0
_PATIENCE_S = 3.0


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--data-dir", help="Folder of the bundled store, the archive and the caches.")
@click.option("--demo/--no-demo", default=None, help="Load the demo catalogue when there is none.")
@click.option("--insecure", is_flag=True, default=None, help="Serve others although no key exists.")
def up(
    host: str | None,
    port: int | None,
    data_dir: str | None,
    demo: bool | None,
    insecure: bool | None,
) -> None:
    """Start everything: the bundled store, the API and the workers."""
    settings = from_environment(
        host=host, port=port, data_dir=data_dir, demo=demo, insecure=insecure
    )
    wrapping.use(settings.wrapping_key)
    configure(settings.log_format, settings.log_level)
    prepare_folder(settings)
    check_engine(settings)
    lock = FolderLock(settings.data_path)
    lock.acquire()
    try:
        wait_for_port(settings)
        lock.tell(settings.local_url)
        asyncio.run(_run(settings, forked(settings, lock.release)))
    finally:
        lock.release()


async def _run(settings: Settings, parts: dict[str, Part]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    async with _store_kept(settings, stopping) as is_up:
        if not stopping.is_set():
            await _run_parts(settings, parts, is_up, stopping)


@asynccontextmanager
async def _store_kept(settings: Settings, stopping: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Keep the bundled store running meanwhile, if that is the store; gives what is set once it is up.

    It is up when this begins, unless the service can be started on what was kept of it.
    """
    if not settings.is_bundled:
        yield _happened()
        return
    bundled = BundledStore(settings.data_path, settings.durability)
    supervisor = Supervisor(bundled, StoreProblem(settings.data_path))
    keeping = asyncio.create_task(supervisor.keep())
    try:
        await _first(supervisor.is_up.wait(), stopping.wait(), keeping, _can_do_without(settings))
        yield supervisor.is_up
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await bundled.stop()


def _happened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def _can_do_without(settings: Settings) -> None:
    """Return when the store has taken long and something was kept of it; never if nothing was."""
    await asyncio.sleep(_PATIENCE_S)
    if not Keepsake(settings.keepsake_path, settings.store_url).exists:
        await asyncio.Event().wait()


async def _first(*things: Awaitable[object]) -> None:
    """Wait for the first of several things; what it raises is raised."""
    tasks = [asyncio.ensure_future(thing) for thing in things]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others - {thing for thing in things if isinstance(thing, asyncio.Task)}:
        task.cancel()
    for task in done:
        task.result()


async def _run_parts(
    settings: Settings, parts: dict[str, Part], is_up: asyncio.Event, stopping: asyncio.Event
) -> None:
    await refuse_to_expose(settings)
    begun = ["api"]
    announced = asyncio.create_task(_announce(settings))
    try:
        while not stopping.is_set():
            if len(begun) == 1 and is_up.is_set():
                await _prepare_store(settings)
                begun += ["worker", "digest"]
                # Mail can wait until the others are up: they share the processors.
                parts["digest"].start_after(_DIGEST_AFTER_S)
            for name in begun:
                parts[name].look_after()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _WATCH_S)
    finally:
        announced.cancel()
        await asyncio.gather(*(part.stop() for part in parts.values()))


async def _prepare_store(settings: Settings) -> None:
    """Do what comes before the parts that do nothing without a store, now that there is one."""
    await check_store(settings)
    if settings.demo:
        await _load_demo(settings)


async def _load_demo(settings: Settings) -> None:
    redis = connect(settings.store_url)
    try:
        await load_demo(redis, settings)
    finally:
        await redis.aclose()


async def _announce(settings: Settings) -> None:
    """Say where the service is, once it answers."""
    started_s, url = time.monotonic(), settings.local_url
    while time.monotonic() - started_s < _READY_S:
        if await asyncio.to_thread(_answers, f"{url}/health/live"):
            click.echo(f"recsvc serves {url} (data in {settings.data_path})")
            if await _is_keyless(settings):
                token = owner_of(settings.data_path).token
                click.echo(
                    f"while no key exists, you are its owner here: {url}/owner?token={token}"
                )
            return
        await asyncio.sleep(0.1)
    log.error("api_silent", after_s=_READY_S)


async def _is_keyless(settings: Settings) -> bool:
    redis = connect(settings.store_url)
    try:
        return not await Credentials(Pipe(redis)).ever()
    finally:
        await redis.aclose()


def _answers(url: str) -> bool:
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False
