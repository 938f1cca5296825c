"""`recsvc serve` and `recsvc worker`: one part of the service each, for running them apart."""

import asyncio
import os
import resource
import signal
import sys

import click

from recsvc import __version__, tracing
from recsvc.cli.context import check_store
from recsvc.cli.exposure import refuse_to_expose
from recsvc.cli.starting import check_engine, prepare_folder, wait_for_port
from recsvc.core import compiled
from recsvc.logs import configure
from recsvc.parent_process import SERVER, exit_with
from recsvc.settings import Settings, environment_of, from_environment
from recsvc.store.access import wrapping

# A relay that does not answer is not waited for: the next worker takes over what was in hand, as after
# a kill.
_LAST_MAILS_S = 4.0
# Of a process, at a time: whoever sends nothing, or half of something, holds little more than a place.
_CONNECTIONS = 8_192
_OTHER_FILES = 128
_HEADERS_MS = 10_000
_BUFFERED_BYTES = 65_536


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--processes", type=int, help="Processes serving HTTP.")
@click.option("--insecure", is_flag=True, default=None, help="Serve others although no key exists.")
@click.option("--with-parent", "parent", type=int, hidden=True)
def serve(
    host: str | None,
    port: int | None,
    processes: int | None,
    insecure: bool | None,
    parent: int | None,
) -> None:
    """Serve HTTP only; store and worker run elsewhere."""
    settings = from_environment(host=host, port=port, api_processes=processes, insecure=insecure)
    wrapping.use(settings.wrapping_key)
    prepare_folder(settings)
    wait_for_port(settings)
    asyncio.run(refuse_to_expose(settings))
    _begin(settings, parent)
    run_server(settings)


@click.command()
@click.argument("part", type=click.Choice(["loop", "digest"]), default="loop")
@click.option("--with-parent", "parent", type=int, hidden=True)
def worker(part: str, parent: int | None) -> None:
    """Work in the background; any number of workers may run.

    `worker` alone applies events, archives them and trains: one of them leads. `worker digest` sends
    the mails that are due.
    """
    settings = from_environment()
    wrapping.use(settings.wrapping_key)
    compiled.use(is_wanted=settings.compiled)
    prepare_folder(settings)
    check_engine(settings)
    _begin(settings, parent)
    asyncio.run(_mail(settings) if part == "digest" else _work(settings))


def _begin(settings: Settings, parent: int | None) -> None:
    """Prepare a part: with a parent, which has looked at the store, it ends when that one does."""
    configure(settings.log_format, settings.log_level)
    if parent is None:
        asyncio.run(check_store(settings))
    else:
        exit_with(parent)


def run_server(settings: Settings) -> None:
    """Serve until told to stop."""
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    os.environ.update(environment_of(settings))  # the serving processes read it again
    os.environ[SERVER] = str(os.getpid())
    Granian(
        "recsvc.api.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.api_processes,
        loop=Loops.uvloop,
        process_name="recsvc serve",
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        backpressure=connections(),
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEADERS_MS, max_buffer_size=_BUFFERED_BYTES
        ),
    ).serve()


def connections() -> int:
    """Let this process open as many files as it needs, and return how many connections it can take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(_CONNECTIONS, soft - _OTHER_FILES))


async def _work(settings: Settings) -> None:
    from workers.run import Worker

    running = Worker(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stop)
    tracing.begin("worker", __version__)
    await running.run()
    tracing.end()
    # A training that was given up goes on in its thread, which the interpreter would wait for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _mail(settings: Settings) -> None:
    from workers.digest import opened

    async with opened(settings) as running:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            running.stop()
            loop.call_later(_LAST_MAILS_S, os._exit, 0)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await running.run()
