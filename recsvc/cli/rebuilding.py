"""`recsvc rebuild`: what is derived, made anew from the event log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from recsvc.cli.context import store
from recsvc.clock import now_us
from recsvc.errors import ConflictError
from recsvc.settings import Settings, from_environment
from recsvc.store import keys
from recsvc.store.connection import Redis, translated
from recsvc.store.heartbeat import is_at_work
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles

if TYPE_CHECKING:
    from workers.log.reading import Log


@click.group(invoke_without_command=True)
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Make derived data anew from the event log, the one thing that cannot be rebuilt.

    Without a command: boards and profiles, of all that the archive and the store hold. The service must
    be stopped.
    """
    if context.invoked_subcommand is None:
        _run(_everything_derived)


@rebuild.command()
def trending() -> None:
    """Compute trending scores anew from the votes, after the half-life has changed.

    The service may run, with the new half-life already: start it anew before.
    """

    async def run(settings: Settings, redis: Redis) -> str:
        n = await Boards(Pipe(redis), settings.lists.trending).rescore(now_us())
        return f"{n} items scored anew"

    _run(run)


@rebuild.command()
def boards() -> None:
    """Make counters, votes and trending anew. The service must be stopped."""
    _run(_boards)


@rebuild.command()
def profiles() -> None:
    """Make readers' profiles anew; what they follow and mute stays. The service must be stopped."""
    _run(_profiles)


async def _everything_derived(settings: Settings, redis: Redis) -> str:
    from workers.log.archive import Archive

    told = [await _boards(settings, redis), await _profiles(settings, redis)]
    archived = Archive(settings.archive_path).epochs()
    await Streams(redis, "rebuild").epochs.hold(set(archived))
    return "\n".join(told)


async def _boards(settings: Settings, redis: Redis) -> str:
    from workers.log.rebuilding import rebuild_boards

    log = await _log(settings, redis)
    target = Boards(Pipe(redis), settings.lists.trending)
    n = await rebuild_boards(log, target, settings.kinds, settings.log, now_us())
    return f"{log.events.height} events: {n} items counted anew"


async def _profiles(settings: Settings, redis: Redis) -> str:
    from workers.log.rebuilding import rebuild_profiles

    log = await _log(settings, redis)
    target, params = Profiles(Pipe(redis)), settings.log
    n = await rebuild_profiles(log, target, settings.kinds, params, now_us())
    return f"{log.events.height} events: {n} profiles made anew"


def _run(once: Callable[[Settings, Redis], Awaitable[str]]) -> None:
    async def run() -> str:
        settings = from_environment()
        async with store(settings) as redis:
            return await once(settings, redis)

    click.echo(asyncio.run(run()))


async def _log(settings: Settings, redis: Redis) -> "Log":
    """Return the event log, once it is certain that nobody else is at work.

    Raises:
        ConflictError: when a worker is.
    """
    from workers.log.agreement import Agreement
    from workers.log.archive import Archive
    from workers.log.reading import read_log

    with translated():
        heartbeat = int(await redis.get(keys.WORKER) or 0)
    if is_at_work(heartbeat, now_us()):
        raise ConflictError("a worker is at work: stop the service, rebuild, and start it again")
    aliases = await Items(Pipe(redis), settings.lists.trending).aliases()
    archive, streams = Archive(settings.archive_path), Streams(redis, "rebuild")
    await Agreement(archive, streams, Boards(Pipe(redis), settings.lists.trending)).epoch()
    return await read_log(archive, streams, aliases)
