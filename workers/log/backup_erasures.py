"""Erasures and backups: who was erased after a backup was made is erased again when it is restored.

A data folder knows the backups that were made of it. An erasure is noted in each of them at hand,
beside the data it speaks of, and goes when the backup is brought up to date: by then the backup has
nothing of that reader, or their erasure is under way in it.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec
import structlog

from recsvc import durable
from recsvc.core.fitting import UNREADABLE
from recsvc.errors import RecsvcError
from workers.log.depot import Depot, depot_at

log = structlog.get_logger()

_BACKUPS = "backups"
_ERASED = "erased.ndjson"


class _Erased(msgspec.Struct, frozen=True):
    user: str
    at_us: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Erased).decode


def remember_backup(data_dir: Path, to: Depot) -> None:
    """Note where a backup was made, once."""
    known = set(_backups(data_dir)) | {to.address}
    unfinished = data_dir / f"{_BACKUPS}.tmp"
    unfinished.write_bytes(b"".join(os.fsencode(address) + b"\n" for address in sorted(known)))
    durable.replace(data_dir / _BACKUPS, by=unfinished)


def tell_backups(data_dir: Path, users: Collection[str], now_us: int) -> None:
    """Note erasures in every backup that was made of a data folder; durable when this returns."""
    lines = b"".join(_encode(_Erased(user, now_us)) + b"\n" for user in users)
    for address in _backups(data_dir):
        try:
            depot_at(address).append(_ERASED, lines)
        except (OSError, RecsvcError) as exc:
            log.warning("backup_not_told_of_erasure", backup=address, error=str(exc))


def erased_since(backup: Depot, made_us: int) -> list[str]:
    """Return who was erased since a backup was made."""
    return sorted({one.user for one in _told(backup) if one.at_us >= made_us})


def forget_erased(backup: Depot, made_us: int) -> None:
    """Drop what a backup that was brought up to date has no need of."""
    backup.reduce(_ERASED, lambda line: any(one.at_us >= made_us for one in _read([line], backup)))


def _backups(data_dir: Path) -> list[str]:
    try:
        lines = (data_dir / _BACKUPS).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [os.fsdecode(line) for line in lines if line and b"\0" not in line]


def _told(backup: Depot) -> list[_Erased]:
    return _read(backup.appended(_ERASED).split(b"\n"), backup)


def _read(lines: Iterable[bytes], backup: Depot) -> list[_Erased]:
    found = []
    for line in filter(None, lines):
        try:
            found.append(_decode(line))
        except UNREADABLE:
            log.warning("erasure_unreadable", backup=backup.address)
    return found
