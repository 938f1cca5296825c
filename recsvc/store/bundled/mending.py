"""Mending: a damaged log made whole again, what was damaged kept aside, nothing used unchecked.

An end that was half written is cut off, and kept. A log with damage before its end is written anew
without it beside the damaged one, read again as a whole, and takes its place by a rename; the damaged
one stays under another name. There are never more than three such keepsakes.
"""

import mmap
import os
import shutil
import subprocess
import time
from pathlib import Path

import structlog

from recsvc import durable
from recsvc.store.bundled.binary import server_binary
from recsvc.store.bundled.causes import ROOM_BYTES, Cause, StoreDownError, down
from recsvc.store.bundled.entries import Span
from recsvc.store.bundled.folder import DAMAGED, note_mended
from recsvc.store.bundled.manifest import logs_of
from recsvc.store.bundled.salvage import Salvage, salvage

log = structlog.get_logger()

_KEPT = 3


def mend(folder: Path) -> bool:
    """Mend the logs under a store's folder; return whether there was anything to mend.

    Raises:
        StoreDownError: when there is no room, or what came out is not sound; the log is as it was.
    """
    is_mended = False
    for path in logs_of(folder):
        found = _read(path)
        if found.is_sound:
            continue
        aside = folder / f"{DAMAGED}{time.time_ns() // 1_000_000}"
        if _is_tail(found, path):
            _cut(path, found.damaged[0].start, aside)
        else:
            note_mended(folder, found.n_lost_bytes)
            _write_anew(path, found.kept, aside)
        is_mended = True
        log.warning(
            "damaged_log_mended", file=path.name, lost_bytes=found.n_lost_bytes,
            n_places=len(found.damaged), kept_aside=str(aside),
        )  # fmt: skip
    _forget_oldest(folder)
    return is_mended


def _read(path: Path) -> Salvage:
    if path.stat().st_size == 0:  # nothing to map
        return Salvage([], [])
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return salvage(mapped)


def _is_tail(found: Salvage, path: Path) -> bool:
    return len(found.damaged) == 1 and found.damaged[0].end == path.stat().st_size


def _cut(path: Path, at: int, aside: Path) -> None:
    size = path.stat().st_size
    _need_room(path, size - at)
    aside.mkdir()
    _copy(path, [Span(at, size)], aside / f"{path.name}.from-{at}")
    durable.sync(aside)
    with path.open("r+b") as file:
        file.truncate(at)
        os.fsync(file.fileno())


def _write_anew(path: Path, kept: list[Span], aside: Path) -> None:
    _need_room(path, sum(span.end - span.start for span in kept))
    mended = path.with_suffix(".mended")
    try:
        _copy(path, kept, mended)
        _check(mended)
        aside.mkdir()
        try:
            (aside / path.name).hardlink_to(path)
        except OSError:  # not on every file system
            _need_room(path, path.stat().st_size)
            shutil.copy2(path, aside)
        durable.sync(aside)
        durable.replace(path, by=mended)
    finally:
        mended.unlink(missing_ok=True)


def _check(mended: Path) -> None:
    """Read what came out, by our own rules and by the server's.

    Raises:
        StoreDownError: when it is not sound.
    """
    # The server's binary is its own log checker when it is called by that name. It gets the one file:
    # given the manifest, 9.1 stumbles over the base file's header.
    checked = subprocess.run(
        ["valkey-check-aof", str(mended)],  # noqa: S607 - `executable` says which
        executable=str(server_binary()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if checked.returncode != 0 or not _read(mended).is_sound:
        raise down(Cause.DAMAGED, mended.parent, checked.stdout.decode(errors="replace"))


def _copy(path: Path, spans: list[Span], to: Path) -> None:
    with path.open("rb") as file, to.open("wb") as out:
        for start, end in spans:
            file.seek(start)
            while start < end:
                start += out.write(file.read(min(1 << 20, end - start)))
        out.flush()
        os.fsync(out.fileno())


def _need_room(path: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < n_bytes + ROOM_BYTES:
        needed = (n_bytes + ROOM_BYTES) // 1_000_000 + 1
        raise StoreDownError(
            Cause.FULL,
            f"its log is damaged, and to mend it takes {needed} MB of which the disk has "
            f"{free // 1_000_000}: make room; it is mended by itself then",
        )


def _forget_oldest(folder: Path) -> None:
    for old in sorted(folder.glob(f"{DAMAGED}*"))[:-_KEPT]:
        shutil.rmtree(old)
