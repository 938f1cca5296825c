"""`recsvc rebuild`: what is derived, made anew from the event log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from recsvc.cli.context import store
from recsvc.clock import now_us
from recsvc.errors import ConflictError
from recsvc.settings import Settings, from_environment
from recsvc.store import keys
from recsvc.store.bundled import forget_mended
from recsvc.store.connection import Redis, translated
from recsvc.store.heartbeat import AT_WORK_S, is_at_work
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.index import ReaderIndex
from recsvc.store.readers.profiles import Profiles

if TYPE_CHECKING:
    from workers.log.reading import Log

_LOOK_S = 0.2

_despite_gaps = click.option(
    "--despite-gaps",
    is_flag=True,
    help="Without the files of the archive that are damaged or missing.",
)


@click.group(invoke_without_command=True)
@_despite_gaps
@click.option(
    "--everything",
    is_flag=True,
    help="Bring back what the store lost besides, too: catalogue, keys, subscribers, preferences.",
)
@click.pass_context
def rebuild(context: click.Context, despite_gaps: bool, everything: bool) -> None:
    """Make derived data anew from the event log, the one thing that cannot be rebuilt.

    Without a command: boards and profiles, of all that the archive and the store hold. The service must
    be stopped.
    """
    if context.invoked_subcommand is None:
        _run(partial(_everything if everything else _everything_derived, despite_gaps))


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
@_despite_gaps
def boards(despite_gaps: bool) -> None:
    """Make counters, votes and trending anew. The service must be stopped."""
    _run(partial(_boards, despite_gaps))


@rebuild.command()
@_despite_gaps
def profiles(despite_gaps: bool) -> None:
    """Make readers' profiles anew; what they follow and mute stays. The service must be stopped."""
    _run(partial(_profiles, despite_gaps))


async def _everything(despite_gaps: bool, settings: Settings, redis: Redis) -> str:
    from workers.log.site_copies import SiteCopies

    await _log(despite_gaps, settings, redis)  # nobody else is at work, and the epoch is known
    held = await Streams(redis, "rebuild").epochs.held()
    n = await SiteCopies(settings.site_copies_path, Pipe(redis)).put_back(held[0])
    derived = await _everything_derived(despite_gaps, settings, redis)
    return f"{n} entries of the site put back\n{derived}"


async def _everything_derived(despite_gaps: bool, settings: Settings, redis: Redis) -> str:
    from workers.log.archive import Archive

    await _log(despite_gaps, settings, redis)  # nobody else is at work
    n_rows = await Items(Pipe(redis), settings.lists.trending).mend_rows()
    told = [f"{n_rows} items have another row: a model is trained anew"] if n_rows else []
    told += [
        await _boards(despite_gaps, settings, redis),
        await _profiles(despite_gaps, settings, redis),
    ]
    archived = Archive(settings.archive_path).epochs()
    await Streams(redis, "rebuild").epochs.hold(set(archived))
    forget_mended(settings.data_path)
    return "\n".join(told)


async def _boards(despite_gaps: bool, settings: Settings, redis: Redis) -> str:
    from workers.log.rebuilding import rebuild_boards

    log = await _log(despite_gaps, settings, redis)
    target = Boards(Pipe(redis), settings.lists.trending)
    n = await rebuild_boards(log, target, settings.kinds, settings.log, now_us())
    return f"{log.events.height} events: {n} items counted anew"


async def _profiles(despite_gaps: bool, settings: Settings, redis: Redis) -> str:
    from workers.log.rebuilding import rebuild_profiles

    log = await _log(despite_gaps, settings, redis)
    target, params = Profiles(Pipe(redis)), settings.log
    n = await rebuild_profiles(log, target, settings.kinds, params, now_us())
    await ReaderIndex(Pipe(redis), params.profile_ttl_days).rebuild(now_us())
    return f"{log.events.height} events: {n} profiles made anew"


def _run(once: Callable[[Settings, Redis], Awaitable[str]]) -> None:
    async def run() -> str:
        settings = from_environment()
        async with store(settings) as redis:
            return await once(settings, redis)

    click.echo(asyncio.run(run()))


async def _log(despite_gaps: bool, settings: Settings, redis: Redis) -> "Log":
    """Return the event log, once it is certain that nobody else is at work.

    Raises:
        ConflictError: when a worker is; when files of the archive are damaged or missing, and
            rebuilding would take away what they hold.
    """
    from workers.log import manifest
    from workers.log.agreement import Agreement
    from workers.log.archive import Archive
    from workers.log.reading import read_log

    await _nobody_at_work(redis)
    aliases = await Items(Pipe(redis), settings.lists.trending).aliases()
    archive, streams = Archive(settings.archive_path), Streams(redis, "rebuild")
    gaps = await asyncio.to_thread(archive.gaps)
    if gaps and not despite_gaps:
        raise ConflictError(
            f"the archive is not whole: {manifest.named(gaps)}; put them back from a backup, or say "
            "--despite-gaps and lose what they hold"
        )
    await Agreement(archive, streams, Boards(Pipe(redis), settings.lists.trending)).epoch()
    return await read_log(archive, streams, aliases)


async def _nobody_at_work(redis: Redis) -> None:
    """Return once no worker has given a sign of life for a while: one that was killed leaves its last.

    Raises:
        ConflictError: as soon as a new one comes.
    """
    first = await _heartbeat(redis)
    if not is_at_work(first, now_us()):
        return
    until_s = time.monotonic() + AT_WORK_S
    while time.monotonic() < until_s:
        await asyncio.sleep(_LOOK_S)
        if await _heartbeat(redis) not in (first, 0):
            raise ConflictError(
                "a worker is at work: stop the service, rebuild, and start it again"
            )


async def _heartbeat(redis: Redis) -> int:
    with translated():
        return int(await redis.get(keys.WORKER) or 0)
