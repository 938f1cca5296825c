"""`recsvc backup` and `recsvc restore`: the store and the archive as they were at one moment."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recsvc.cli.context import store
from recsvc.cli.places import Place
from recsvc.clock import now_us
from recsvc.errors import SettingsError
from recsvc.settings import Settings, from_environment
from recsvc.store.bundled import BundledStore, FolderLock
from recsvc.store.connection import connect
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures

if TYPE_CHECKING:
    from workers.log.depot import Depot


def _depot(said: str) -> "Depot":
    from workers.log.depot import depot_at

    return depot_at(said)


@click.command()
@click.argument("to", type=Place())
@click.option("--verify", is_flag=True, help="Make none: look whether the one there is whole.")
def backup(to: str, verify: bool) -> None:
    """Back the bundled store and the archive up to TO, a folder or s3://bucket/prefix.

    The service may run. Made again to the same place, it copies only what is new of the archive. With
    --verify, every file of the backup is read and its store started in a temporary folder.
    """
    from workers.log.backup import damages

    settings = _bundled()
    if not verify:
        asyncio.run(_back_up(settings, _depot(to)))
        return
    depot = _depot(to)
    found = damages(depot) or asyncio.run(_differences(depot))
    for line in found:
        click.echo(line)
    click.echo(f"{len(found)} problems" if found else "the backup is whole, and its store starts")
    sys.exit(1 if found else 0)


@click.command("restore")
@click.argument("backup", type=Place(exists=True))
def restore_command(backup: str) -> None:
    """Make a data folder of a BACKUP: RECSVC_DATA_DIR, which must be empty or not be there yet.

    Readers who were erased since the backup was made are forgotten again, and erased once a worker runs.
    """
    from workers.log.backup import restore
    from workers.log.backup_erasures import erased_since

    settings = _bundled()
    depot = _depot(backup)
    made = restore(depot, settings.data_path)
    n = sum(one.rows for one in made.archive) + sum(made.lengths.values())
    click.echo(f"{n} events restored to {settings.data_path}")
    if users := erased_since(depot, made.made_us):
        asyncio.run(_erase_again(settings, users))
        click.echo(f"{len(users)} readers who were erased since are erased again")


def _bundled() -> Settings:
    settings = from_environment()
    if not settings.is_bundled:
        raise SettingsError("RECSVC_REDIS_URL: back a store of your own up by its own means")
    return settings


async def _back_up(settings: Settings, to: "Depot") -> None:
    from workers.log.backup import back_up

    async with store(settings) as redis:
        made = await back_up(redis, settings.data_path, to)
    n = sum(one.rows for one in made.archive) + sum(made.lengths.values())
    click.echo(f"{n} events backed up to {to.address}")
    for name in made.gaps:
        click.echo(f"not in it, since it is damaged or missing here: archive/{name}", err=True)


async def _erase_again(settings: Settings, users: list[str]) -> None:
    async with store(settings) as redis:
        erasures = Erasures(Pipe(redis))
        for user in users:
            await erasures.request(user, now_us())


async def _differences(backup: "Depot") -> list[str]:
    """Start the store of a backup; return what it lacks of what the backup says."""
    from workers.log.backup import read, restore

    made = read(backup)
    with tempfile.TemporaryDirectory() as folder:
        restore(backup, Path(folder))
        lock = FolderLock(Path(folder))
        lock.acquire()
        started = BundledStore(Path(folder), "everysec")
        await started.start()
        redis = connect(started.url)
        try:
            lengths = await Streams(redis, "verify").lengths()
        finally:
            await redis.aclose()
            await started.stop()
            lock.release()
    return [
        f"shard {shard} holds {lengths[shard]} events and not {n}"
        for shard, n in made.lengths.items()
        if lengths[shard] < n
    ]
