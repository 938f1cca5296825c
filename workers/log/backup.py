"""Backups: the store and the archive as they were at one moment, while the service runs.

While a backup is made it holds the archive, so that no event is on its way from the store to a file:
each is in the picture of the store or in a file that is listed, and whatever was acknowledged before the
backup began is in one of them. Files of the archive lie in the backup under their digest, and those that
are there already are not copied again. What the backup consists of is written last, and whole.
"""

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


async def back_up(redis: Redis, data_dir: Path, to: Path) -> Backup:
    """Make a backup, or bring the one that is there up to date.

    Raises:
        ConflictError: when somebody else holds the archive for long.
        StoreError: when the store cannot write its picture.
    """
    _make_private(to)
    remember_backup(data_dir, to)  # before the picture: no erasure after it is missed
    archive, streams, made_us = Archive(data_dir / "archive"), Streams(redis, "backup"), now_us()
    async with _held(archive):
        lengths, lasts = await streams.lengths(), await streams.lasts()
        async with picture(redis, data_dir) as taken:
            gaps = await asyncio.to_thread(archive.tend)
            listed = list(archive.listed().values())
            for one in listed:
                source = data_dir / "archive" / one.name
                await asyncio.to_thread(_copy_new, source, _kept(to, one))
            path = to / f"store-{made_us}.rdb"
            await asyncio.to_thread(_copy, await taken.finish(), path)
    secrets = {}
    for name in _SECRETS:
        if (data_dir / name).exists():
            _copy(data_dir / name, to / name)
            secrets[name] = digest(to / name)
    made = Backup(
        made_us, path.name, digest(path), lengths, lasts, listed, sorted(gaps), secrets
    )  # fmt: skip
    durable.sync(to / "archive")
    _write(to, made)
    _remove_others(to, made)
    forget_erased(to, made_us)
    return made


def read(backup: Path) -> Backup:
    """Return what a backup consists of.

    Raises:
        InvalidError: when there is none, or it was never finished.
        NewerError: when a newer release made it.
    """
    try:
        raw = (backup / NAME).read_bytes()
        refuse_newer_file("the backup", raw, BACKUP_FORMAT)
        return _decode(raw)
    except FileNotFoundError:
        raise InvalidError(f"there is no backup in {str(backup)!r}") from None
    except UNREADABLE as exc:
        raise InvalidError(f"{NAME} cannot be read: {exc}") from None


def damages(backup: Path) -> list[str]:
    """Return what of a backup is not as it was written."""
    made = read(backup)
    expected = {
        backup / made.picture: made.picture_sha256,
        **{_kept(backup, one): one.sha256 for one in made.archive},
        **{backup / name: sha256 for name, sha256 in made.secrets.items()},
    }
    return [
        f"{path.relative_to(backup)} is {'damaged' if path.exists() else 'missing'}"
        for path, sha256 in expected.items()
        if not path.exists() or digest(path) != sha256
    ]


def restore(backup: Path, data_dir: Path) -> Backup:
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
        _copy(_kept(backup, one), path, mode=0o644)
        durable.sync(path.parent)
    manifest.write(archive, {one.name: one for one in made.archive})
    for name in made.secrets:
        _copy(backup / name, data_dir / name)
    furnish(data_dir, backup / made.picture)
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


def _make_private(to: Path) -> None:
    """Make the folder of a backup, closed to others: it holds secrets and what readers did."""
    to.mkdir(parents=True, exist_ok=True)
    to.chmod(0o700)
    (to / "archive").mkdir(exist_ok=True)


def _kept(backup: Path, one: Listed) -> Path:
    return backup / "archive" / f"{one.sha256}.parquet"


def _copy_new(source: Path, to: Path) -> None:
    if not to.exists() or digest(to) != to.stem:
        _copy(source, to)


def _copy(source: Path, to: Path, mode: int = 0o600) -> None:
    unfinished = to.with_name(f"{to.name}.tmp")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode)
    with source.open("rb") as file, os.fdopen(descriptor, "wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(to)


def _write(to: Path, made: Backup) -> None:
    unfinished = to / f"{NAME}.tmp"
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    durable.replace(to / NAME, by=unfinished)


def _remove_others(to: Path, made: Backup) -> None:
    """Remove what is of earlier backups only: who was erased since must not live on in it."""
    kept = {to / made.picture, *(_kept(to, one) for one in made.archive)}
    for path in _ours(to):
        if path not in kept:
            path.unlink()


def _ours(to: Path) -> Iterator[Path]:
    yield from to.glob("store-*.rdb*")
    yield from (to / "archive").glob("*.parquet*")
