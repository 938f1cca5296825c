"""Erasures and backups: who was erased after a backup was made is erased again when it is restored.

A data folder knows the backups that were made of it. An erasure is noted in each of them at hand,
beside the data it speaks of, and goes when the backup is brought up to date: by then the backup has
nothing of that reader, or their erasure is under way in it.
"""

import os
from collections.abc import Collection
from pathlib import Path

import msgspec
import structlog

from recsvc import durable
from recsvc.core.fitting import UNREADABLE

log = structlog.get_logger()

_BACKUPS = "backups"
_ERASED = "erased.ndjson"


class _Erased(msgspec.Struct, frozen=True):
    user: str
    at_us: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Erased).decode


def remember_backup(data_dir: Path, to: Path) -> None:
    """Note where a backup was made, once."""
    known = set(_backups(data_dir)) | {to.resolve()}
    unfinished = data_dir / f"{_BACKUPS}.tmp"
    unfinished.write_bytes(b"".join(os.fsencode(path) + b"\n" for path in sorted(known)))
    durable.replace(data_dir / _BACKUPS, by=unfinished)


def tell_backups(data_dir: Path, users: Collection[str], now_us: int) -> None:
    """Note erasures in every backup that was made of a data folder; durable when this returns."""
    lines = b"".join(_encode(_Erased(user, now_us)) + b"\n" for user in users)
    for backup in _backups(data_dir):
        try:
            descriptor = os.open(backup / _ERASED, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, b"\n" + lines)  # behind a line that may have been cut short
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as exc:
            log.warning("backup_not_told_of_erasure", backup=str(backup), error=str(exc))


def erased_since(backup: Path, made_us: int) -> list[str]:
    """Return who was erased since a backup was made."""
    return sorted({one.user for one in _told(backup) if one.at_us >= made_us})


def forget_erased(backup: Path, made_us: int) -> None:
    """Drop what a backup that was brought up to date has no need of."""
    left = [one for one in _told(backup) if one.at_us >= made_us]
    path, unfinished = backup / _ERASED, backup / f"{_ERASED}.tmp"
    if left:
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(b"".join(_encode(one) + b"\n" for one in left))
        durable.replace(path, by=unfinished)
    else:
        path.unlink(missing_ok=True)


def _backups(data_dir: Path) -> list[Path]:
    try:
        lines = (data_dir / _BACKUPS).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [Path(os.fsdecode(line)) for line in lines if line and b"\0" not in line]


def _told(backup: Path) -> list[_Erased]:
    found = []
    try:
        lines = (backup / _ERASED).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    for line in filter(None, lines):
        try:
            found.append(_decode(line))
        except UNREADABLE:
            log.warning("erasure_unreadable", backup=str(backup))
    return found
