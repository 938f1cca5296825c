"""`recsvc up`: the whole service on one machine - store, API and workers, started and looked after."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import click
import httpx
import structlog

from recsvc.access.owner import owner_of
from recsvc.cli.context import check_store
from recsvc.cli.demo import load_demo
from recsvc.cli.exposure import refuse_to_expose
from recsvc.cli.starting import prepare_folder, wait_for_port
from recsvc.logs import configure
from recsvc.settings import Settings, environment_of, from_environment
from recsvc.store.access.credentials import Credentials
from recsvc.store.bundled import BundledStore, FolderLock, Supervisor
from recsvc.store.connection import connect
from recsvc.store.keepsake import Keepsake
from recsvc.store.pipe import Pipe
from recsvc.store.troubles import StoreProblem

log = structlog.get_logger()

_READY_S = 60.0
_STOP_S = 15.0
_WATCH_S = 0.2
_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_LONG_LIFE_S = 10.0
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
    configure(settings.log_format, settings.log_level)
    prepare_folder(settings)
    lock = FolderLock(settings.data_path)
    lock.acquire()
    try:
        wait_for_port(settings)
        asyncio.run(_run(settings))
    finally:
        lock.release()


class _Child:
    """One part of the service, restarted when it dies; ever more slowly while it keeps dying."""

    def __init__(
        self, name: str, arguments: list[str], settings: Settings, after_s: float = 0.0
    ) -> None:
        self._name = name
        self._arguments = arguments
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._pause_s = _PAUSE_S / 2  # doubled at the first death
        self._again_s = time.monotonic() + after_s

    def start(self) -> None:
        """Start it."""
        environment = os.environ | environment_of(self._settings)
        environment.setdefault("OPENBLAS_NUM_THREADS", "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recsvc", *self._arguments, "--with-parent", str(os.getpid())],
            env=environment,
            start_new_session=True,  # Ctrl-C comes to us, who stop the store last
        )
        self._started_s = time.monotonic()

    def look_after(self) -> None:
        """Start it when it is time, and again if it died."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            lived_s = time.monotonic() - self._started_s
            longer_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._pause_s = _PAUSE_S if lived_s > _LONG_LIFE_S else longer_s
            log.error("part_died", name=self._name, exit_code=code, again_in_s=self._pause_s)
            self._process = None
            self._again_s = time.monotonic() + self._pause_s
        elif time.monotonic() >= self._again_s:
            self.start()

    async def stop(self) -> None:
        """Ask it to finish, and insist after a while."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            log.error("part_killed", name=self._name)
            self._process.kill()
            self._process.wait()


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    async with _store_kept(settings, stopping) as is_up:
        if not stopping.is_set():
            await _run_parts(settings, is_up, stopping)


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


async def _run_parts(settings: Settings, is_up: asyncio.Event, stopping: asyncio.Event) -> None:
    await refuse_to_expose(settings)
    children = [_Child("api", ["serve"], settings)]
    announced = asyncio.create_task(_announce(settings))
    try:
        while not stopping.is_set():
            if len(children) == 1 and is_up.is_set():
                children += await _behind_the_store(settings)
            for child in children:
                child.look_after()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _WATCH_S)
    finally:
        announced.cancel()
        await asyncio.gather(*(child.stop() for child in children))


async def _behind_the_store(settings: Settings) -> list[_Child]:
    """Return the parts that do nothing without a store, now that there is one."""
    await check_store(settings)
    if settings.demo:
        await _load_demo(settings)
    return [
        _Child("worker", ["worker"], settings),
        # Mail can wait until the others are up: they share the processors.
        _Child("digest", ["worker", "digest"], settings, after_s=_DIGEST_AFTER_S),
    ]


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
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
