"""The faults: each a function that breaks a site, sees that it is told, and does what was told.

A fault that needs nobody returns as soon as it is over; the site must recover by itself.
"""

import asyncio
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from tests.faults.nemesis.site import Site
from tests.faults.servers import fill, restored_events
from tests.service import wait_until
from workers.log import manifest
from workers.log.archive import Archive
from workers.log.backup import back_up, restore
from workers.log.depot import Folder

Fault = Callable[[Site], None]

_CLOCK = "*/faketime/libfaketime.so.1"
_NEAR_BYTES = 4096  # what one event wrote is shorter
_GROUP = b"*1\r\n$5\r\nMULTI\r\n"


def kill_a_part(site: Site) -> None:
    name = site.rng.choice(["store", "api", "worker", "digest"])
    killed = site.service.part(name)
    site.note(f"kill -9 of the {name}")
    os.kill(killed, signal.SIGKILL)
    # Before, what readiness says may be from a moment ago.
    wait_until(lambda: site.service.part(name) != killed, f"another {name}", 30)


def stop_a_part(site: Site) -> None:
    name = site.rng.choice(["store", "api", "worker"])
    pid, for_s = site.service.part(name), site.rng.uniform(0.5, 6)
    site.note(f"SIGSTOP of the {name} for {for_s:.1f} s")
    os.kill(pid, signal.SIGSTOP)
    time.sleep(for_s)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def kill_all(site: Site) -> None:
    with site.down(killed=True):
        pass


def start_anew(site: Site) -> None:
    with site.down(killed=False):
        pass


def archive_file_gone(site: Site) -> None:
    _hurt_archive(site, lambda path: path.unlink())


def archive_file_cut(site: Site) -> None:
    _hurt_archive(site, lambda path: os.truncate(path, path.stat().st_size // 2))


def archive_file_damaged(site: Site) -> None:
    _hurt_archive(site, lambda path: _ignore(site.damage(path, 64)))


def _hurt_archive(site: Site, hurt: Callable[[Path], None]) -> None:
    files = site.archived()
    path = site.rng.choice([files[-1], *files[:-1]])
    with site.kept(path) as put_back:
        hurt(path)
        site.note(f"{path.name} of the archive is hurt")
        site.told("of the archive are damaged or missing")
        put_back()


def archive_manifest_damaged(site: Site) -> None:
    path = site.folder / "archive" / site.rng.choice([manifest.NAME, manifest.COPY])
    with site.down(killed=site.rng.random() < 0.5):
        site.damage(path, 64)


def disk_full(site: Site) -> None:
    filler = site.folder / "filler"
    site.note("the disk is filled")
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    fill(filler)
    site.told("full")
    time.sleep(site.rng.uniform(0, 3))
    filler.unlink()
    site.note("there is room")


def log_end_cut(site: Site) -> None:
    """A machine that lost power: the disk kept less than it said."""
    with site.down(killed=True):
        path, n = site.log_file, site.rng.randrange(1, 400)
        raw = path.read_bytes()
        # What one call wrote is kept whole or not at all: the events of many requests, on a busy site.
        _excuse(site, raw[raw.rfind(_GROUP, 0, max(0, len(raw) - n)) :])
        os.truncate(path, max(0, len(raw) - n))
        site.note(f"{n} bytes cut off {path.name}")


def log_damaged(site: Site) -> None:
    with site.load.unwatched():
        with site.down(killed=True):
            path, n = site.log_file, site.rng.choice([1, 64, 512])
            raw = path.read_bytes()
            if not raw:
                return
            at = site.damage(path, n)
            _excuse(site, raw[max(0, at - _NEAR_BYTES) : at + n + _NEAR_BYTES])
        _rebuilt(site)  # told or not: a value that was damaged in its place is found by chance
        site.put_items()


def _excuse(site: Site, raw: bytes) -> None:
    near = {found.decode() for found in re.findall(rb"\be\d+", raw)}
    site.history.lost_by_right |= near
    site.note(f"{len(near)} events were near")


def _rebuilt(site: Site) -> None:
    site.service.stop()
    done = site.service.run("rebuild", "--everything")
    assert done.returncode == 0, done.stderr
    site.note(f"rebuilt: {done.stdout.strip()[-200:]}")
    site.begin()


def store_lost(site: Site) -> None:
    with site.load.unwatched():
        with site.down(killed=site.rng.random() < 0.5):
            _excuse_unarchived(site)
            shutil.rmtree(site.folder / "store")
            site.note("the store is removed")
        site.told("recsvc rebuild")
        _rebuilt(site)


def store_goes_back(site: Site) -> None:
    with site.load.unwatched():
        copy = site.folder.parent.parent / f"copy-{os.getpid()}"
        with site.down(killed=False):
            shutil.copytree(site.folder / "store", copy)
        time.sleep(site.rng.uniform(1, 4))
        with site.down(killed=False):
            _excuse_unarchived(site)
            shutil.rmtree(site.folder / "store")
            shutil.move(copy, site.folder / "store")
            site.note("the store went back")
        _rebuilt(site)


def _excuse_unarchived(site: Site) -> None:
    """What is in no file goes with the store: nobody could know of it."""
    archived = set(Archive(site.folder / "archive").read()["event_id"])
    lost = site.history.acknowledged.keys() - archived
    site.history.lost_by_right |= lost
    site.note(f"{len(lost)} events were in the store only")


def base_damaged(site: Site) -> None:
    _hurt_store(site, "appendonly.aof.*.base.rdb")


def log_manifest_gone(site: Site) -> None:
    _hurt_store(site, "appendonly.aof.manifest")


def _hurt_store(site: Site, pattern: str) -> None:
    (path,) = (site.folder / "store" / "appendonlydir").glob(pattern)
    with site.kept(path) as put_back, site.down(killed=False):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        site.note(f"{path.name} cut in half")
        threading.Thread(target=_heal, args=(site, put_back)).start()


def _heal(site: Site, put_back: Callable[[], None]) -> None:
    """Put a file back as soon as the service has said what is the matter."""
    log, mark = site.service.log_path, "store_does_not_start"
    n = log.read_text().count(mark)
    wait_until(lambda: log.read_text().count(mark) > n, "it is said", 60)
    put_back()


def any_other_file(site: Site) -> None:
    with site.down(killed=site.rng.random() < 0.5):
        files = [p for p in sorted(site.folder.rglob("*")) if p.is_file() and _is_other(site, p)]
        path = site.rng.choice(files)
        if site.rng.random() < 0.3:
            path.unlink()
            site.note(f"{path.relative_to(site.folder)} removed")
        elif path.stat().st_size:
            site.damage(path, site.rng.choice([1, 64]))


def _is_other(site: Site, path: Path) -> bool:
    name = path.relative_to(site.folder).as_posix()
    return not name.startswith("store/appendonlydir/") and path.suffix not in (".parquet", ".sock")


def backup(site: Site) -> None:
    to = site.folder.parent.parent / f"backup-{os.getpid()}"
    before = set(site.history.acknowledged)
    asyncio.run(_back_up(site.folder, to))
    found = _restored(to)
    missing = before - found - site.history.lost_by_right
    site.note(f"backed up: {len(found)} events in it")
    if missing:
        site.history.accuse(f"the backup lacks {sorted(missing)[:5]} of {len(missing)}")


async def _back_up(folder: Path, to: Path) -> None:
    redis = connect(socket_url(folder))
    try:
        await back_up(redis, folder, Folder(to))
    finally:
        await redis.aclose()


def _restored(backup: Path) -> set[str]:
    with tempfile.TemporaryDirectory() as empty:
        restore(Folder(backup), Path(empty) / "data")
        return set(asyncio.run(restored_events(Path(empty) / "data")))


def clock_off(site: Site) -> None:
    """Every clock of the service is wrong for a while, and then right: it steps back or ahead."""
    offset = site.rng.choice([-86_400, -3_600, -60, 60, 3_600])
    (library,) = Path("/usr/lib").glob(_CLOCK)
    wrong = {"LD_PRELOAD": str(library), "FAKETIME": f"{offset:+d}s"}
    os.environ |= wrong
    try:
        with site.down(killed=False):
            site.note(f"the clock is {offset} s off")
        time.sleep(site.rng.uniform(3, 8))
    finally:
        for name in wrong:
            del os.environ[name]
    with site.down(killed=site.rng.random() < 0.5):
        site.note("the clock is right again")


def two_at_once(site: Site) -> None:
    """Somebody starts a second service in the same folder."""
    done = site.service.run("up", port=site.service.port + 1)
    if done.returncode == 0 or "already running" not in done.stderr:
        site.history.accuse(f"a second service: {done.returncode} {done.stderr[-300:]}")


def _ignore(_: object) -> None:
    return


ALIVE: list[Fault] = [kill_a_part, stop_a_part, archive_file_gone, archive_file_cut]
ALIVE += [archive_file_damaged, backup]
DOWN: list[Fault] = [kill_all, start_anew, archive_manifest_damaged, log_end_cut, log_damaged]
DOWN += [store_lost, store_goes_back, base_damaged, log_manifest_gone, any_other_file, two_at_once]


def possible(*, is_small: bool) -> list[Fault]:
    """Return the faults that can be had on this machine.

    Args:
        is_small: whether the disk is the site's own.
    """
    has_clock = any(Path("/usr/lib").glob(_CLOCK))
    return ALIVE + DOWN + [disk_full] * is_small + [clock_off] * has_clock
