"""Backups: the store and the archive as they were at one moment, while the service runs.

While a backup is made it holds the archive, so that no event is on its way from the store to a file:
each is in the picture of the store or in a file that is listed, and whatever was acknowledged before the
backup began is in one of them. Files of the archive lie in the backup under their digest, and those that
are there already are not copied again. What the backup consists of is written last, and whole.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import msgspec

from recsvc import durable
from recsvc.clock import now_us
from recsvc.core.fitting import UNREADABLE
from recsvc.errors import ConflictError, InvalidError
from recsvc.store.bundled.copying import furnish, picture
from recsvc.store.connection import Redis
from recsvc.store.formats import refuse_newer_file
from recsvc.store.log.streams import Streams
from workers.log import manifest
from workers.log.archive import Archive
from workers.log.backup_erasures import forget_erased, remember_backup
from workers.log.depot import Depot
from workers.log.manifest import Listed, digest

NAME = "backup.json"
BACKUP_FORMAT = 1

_SECRETS = ("access-token",)
_HELD_WITHIN_S = 60.0


class Backup(msgspec.Struct, frozen=True):
    """What a backup consists of.

    Attributes:
        picture: file of the store's picture.
        lengths: by shard, entries that its log held at least.
        lasts: by shard, the last entry that it held at least.
        archive: files of the archive, as its manifest lists them.
        gaps: files that were damaged or missing when the backup was made.
        secrets: digest by file.
    """

    made_us: int
    picture: str
    picture_sha256: str
    lengths: dict[int, int]
    lasts: dict[int, str]
    archive: list[Listed]
    gaps: list[str]
    secrets: dict[str, str]
    format: int = BACKUP_FORMAT


_decode = msgspec.json.Decoder(Backup).decode


async def back_up(redis: Redis, data_dir: Path, to: Depot) -> Backup:
    """Make a backup, or bring the one that is there up to date.

    Raises:
        ConflictError: when somebody else holds the archive for long.
        StoreError: when the store cannot write its picture.
        SourceError: when a bucket does not answer; the backup that was there is as it was.
    """
    await asyncio.to_thread(to.prepare)
    remember_backup(data_dir, to)  # before the picture: no erasure after it is missed
    archive, streams, made_us = Archive(data_dir / "archive"), Streams(redis, "backup"), now_us()
    async with _held(archive):
        lengths, lasts = await streams.lengths(), await streams.lasts()
        async with picture(redis, data_dir) as taken:
            gaps = await asyncio.to_thread(archive.tend)
            listed = list(archive.listed().values())
            for one in listed:
                source = data_dir / "archive" / one.name
                await asyncio.to_thread(_put_new, to, source, one)
            path, name = await taken.finish(), f"store-{made_us}.rdb"
            sha256 = await asyncio.to_thread(digest, path)
            await asyncio.to_thread(to.put, path, name)
    secrets = {}
    for secret in _SECRETS:
        if (data_dir / secret).exists():
            secrets[secret] = digest(data_dir / secret)
            await asyncio.to_thread(to.put, data_dir / secret, secret)
    made = Backup(made_us, name, sha256, lengths, lasts, listed, sorted(gaps), secrets)
    whole = msgspec.json.format(msgspec.json.encode(made))
    await asyncio.to_thread(to.write, NAME, whole)
    await asyncio.to_thread(_remove_others, to, made)
    await asyncio.to_thread(forget_erased, to, made_us)
    return made


def read(backup: Depot) -> Backup:
    """Return what a backup consists of.

    Raises:
        InvalidError: when there is none, or it was never finished.
        NewerError: when a newer release made it.
    """
    try:
        raw = backup.read(NAME)
        refuse_newer_file("the backup", raw, BACKUP_FORMAT)
        return _decode(raw)
    except FileNotFoundError:
        raise InvalidError(f"there is no backup in {backup.address!r}") from None
    except UNREADABLE as exc:
        raise InvalidError(f"{NAME} cannot be read: {exc}") from None


def damages(backup: Depot) -> list[str]:
    """Return what of a backup is not as it was written."""
    made = read(backup)
    expected = {
        made.picture: made.picture_sha256,
        **{kept_name(one): one.sha256 for one in made.archive},
        **made.secrets,
    }
    found = {name: backup.digest(name) for name in expected}
    return [
        f"{name} is {'missing' if found[name] is None else 'damaged'}"
        for name, sha256 in expected.items()
        if found[name] != sha256
    ]


def restore(backup: Depot, data_dir: Path) -> Backup:
    """Make a data folder of a backup; the folder must be empty. The store comes last.

    Raises:
        InvalidError: when the folder is not empty, or the backup is not whole: nothing was written.
    """
    made = read(backup)
    if data_dir.exists() and any(data_dir.iterdir()):
        raise InvalidError(f"{str(data_dir)!r} is not empty: restore into a new data folder")
    if found := damages(backup):
        raise InvalidError(f"the backup is not whole: {'; '.join(found)}")
    archive = data_dir / "archive"
    archive.mkdir(parents=True)
    for one in made.archive:
        path = archive / one.name
        path.parent.mkdir(exist_ok=True)
        backup.fetch(kept_name(one), path, 0o644)
        durable.sync(path.parent)
    manifest.write(archive, {one.name: one for one in made.archive})
    for name in made.secrets:
        backup.fetch(name, data_dir / name, 0o600)
    taken = data_dir / made.picture
    backup.fetch(made.picture, taken, 0o600)
    furnish(data_dir, taken)
    taken.unlink()
    return made


@contextlib.asynccontextmanager
async def _held(archive: Archive) -> AsyncIterator[None]:
    deadline = time.monotonic() + _HELD_WITHIN_S
    while True:
        with archive.alone() as is_alone:
            if is_alone:
                yield
                return
        if time.monotonic() > deadline:
            raise ConflictError(
                "somebody else holds the archive: another backup, or a long erasure"
            )
        await asyncio.sleep(0.05)


def kept_name(one: Listed) -> str:
    """Return the name that a file of the archive has in a backup."""
    return f"archive/{one.sha256}.parquet"


def _put_new(to: Depot, source: Path, one: Listed) -> None:
    if not to.holds(kept_name(one), source.stat().st_size):
        to.put(source, kept_name(one))


def _remove_others(to: Depot, made: Backup) -> None:
    """Remove what is of earlier backups only: who was erased since must not live on in it."""
    kept = {made.picture, *(kept_name(one) for one in made.archive)}
    for name in to.names():
        if _is_ours(PurePosixPath(name)) and name not in kept:
            to.remove(name)


def _is_ours(path: PurePosixPath) -> bool:
    pattern = {".": "store-*.rdb*", "archive": "*.parquet*"}.get(str(path.parent))
    return pattern is not None and fnmatch(path.name, pattern)
