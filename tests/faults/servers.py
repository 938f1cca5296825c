"""Servers that tests damage, starve and stop: stores, the events they acknowledged, and APIs on them."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from recsvc.clock import now_us
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import connect
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe
from tests.service import REPOSITORY, environment, free_port, wait_until
from workers.log.archive import Archive
from workers.log.archiver import tail
from workers.log.reading import read_log


async def record(url: str, first: int, n: int) -> None:
    """Log events one by one, so that each is a group of its own; their ids are numbers."""
    redis = connect(url)
    log = EventLog(Pipe(redis), KINDS, EventLogParams())
    for i in range(first, first + n):
        entry = Entry(f"u{i % 7}", f"i{i % 3}", "upvote", now_us(), now_us(), event_id=str(i))
        await log.record([entry], [False])
    await redis.aclose()


async def recorded(url: str) -> list[int]:
    """The numbers of the events that the store has."""
    redis = connect(url)
    found = await tail(Streams(redis, "test"), {})
    await redis.aclose()
    return sorted(int(event.event_id) for _, _, event in found if event.event_id)


def filled(folder: Path, n: int) -> Path:
    """Record events on a store of this folder and stop it; return the file it logged them in."""

    async def fill() -> None:
        store = BundledStore(folder, "always")
        await store.start()
        await record(store.url, 0, n)
        await store.stop()

    asyncio.run(fill())
    return log_file(folder)


def log_file(folder: Path) -> Path:
    return sorted((folder / "store" / "appendonlydir").glob("*.incr.aof"))[-1]


def events_of(folder: Path) -> list[int]:
    """Start the store of a folder, and return the numbers of the events it has."""

    async def look() -> list[int]:
        store = BundledStore(folder, "always")
        await store.start()
        found = await recorded(store.url)
        await store.stop()
        return found

    return asyncio.run(look())


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own that is soon full: for root only, who may mount one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(parents=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    done = subprocess.run(mounting, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take what the disk has left."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def server_pids(folder: Path) -> list[int]:
    """The servers that have this folder's store."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_server = (process / "comm").read_text().startswith("valkey")
            is_one = is_server and (process / "cwd").readlink() == folder.resolve() / "store"
        except OSError:
            continue
        if is_one:
            found.append(int(process.name))
    return found


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def started(
    store_url: str, before: tuple[str, ...] = (), **settings: object
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """Start an API by itself on a store.

    Args:
        before: the command that runs it, if it is not run directly.
    """
    chosen: dict[str, object] = {"redis_url": store_url, "port": free_port(), **settings}
    command = [*before, sys.executable, "-m", "recsvc", "serve"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command,
            env=environment(**chosen | {"data_dir": folder}),
            cwd=REPOSITORY,
            start_new_session=True,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{chosen['port']}", timeout=30) as http,
    ):
        try:
            yield http, process
        finally:
            # What runs it may be no more than its parent.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


@contextmanager
def served(
    store_url: str, before: tuple[str, ...] = (), **settings: object
) -> Iterator[httpx.Client]:
    """Serve a store by an API of its own."""
    with started(store_url, before, **settings) as (http, process):

        def is_up() -> bool:
            assert process.poll() is None, "it ended"
            return is_ready(http)

        wait_until(is_up, "the API answers", 90)
        yield http


async def restored_events(folder: Path) -> list[str]:
    """Return the ids of all events in a data folder that nobody serves."""
    store = BundledStore(folder, "always")
    await store.start()
    redis = connect(store.url)
    log = await read_log(Archive(folder / "archive"), Streams(redis, "test"))
    await redis.aclose()
    await store.stop()
    return list(log.events["event_id"])
