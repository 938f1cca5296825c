"""`python -m bench.window`: for how long an acknowledged event is not on disk yet.

A machine that loses power loses what stands between the acknowledgement and the end of the sync that
takes it in. Nobody has to pull a plug: a shim around the server's `fdatasync` (it takes a C compiler)
notes when each sync ended and how long the log was when it began; where an event stands in the log, and
when it was acknowledged, is known. As far as the disk keeps what it says it synced.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from recsvc.clock import now_us
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import connect
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.pipe import Pipe

_BATCH = 100
_LAST_SYNC_S = 3.0
_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int noted(const char *name, int fd) {
  struct stat before;
  struct timespec at;
  int (*sync_it)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  fstat(fd, &before);
  int result = sync_it(fd);
  clock_gettime(CLOCK_MONOTONIC, &at);
  int out = open(getenv("SYNCS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  dprintf(out, "%lld %lld\n", (long long)before.st_size, at.tv_sec * 1000000000LL + at.tv_nsec);
  (void)!close(out);
  return result;
}

int fdatasync(int fd) { return noted("fdatasync", fd); }
int fsync(int fd) { return noted("fsync", fd); }
"""


def main() -> None:
    """Probe both settings, idle and under load, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=300)
    asked = parser.parse_args()
    table = Table(title=f"From acknowledgement to disk (load {os.getloadavg()[0]:.1f})")
    for column in ("RECSVC_DURABILITY", "beside", "p50 ms", "p99 ms", "most ms"):
        table.add_column(column)
    for durability in ("always", "everysec"):
        for n_senders in (0, 1, 4):
            waits_ms, per_second = asyncio.run(probed(durability, n_senders, asked.probes))
            figures = (np.percentile(waits_ms, 50), np.percentile(waits_ms, 99), max(waits_ms))
            table.add_row(
                durability, f"{per_second:,.0f} events/s", *(f"{figure:.0f}" for figure in figures)
            )
    Console().print(table)


async def probed(durability: str, n_senders: int, n: int) -> tuple[list[float], float]:
    """Return how long each probe was not on disk, and how many events came beside it per second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"LD_PRELOAD": str(_shim(folder)), "SYNCS": str(folder / "syncs")}
        store = BundledStore(folder / "data", durability)
        await store.start()
        del os.environ["LD_PRELOAD"]
        redis = connect(store.url)
        log = EventLog(Pipe(redis), KINDS, EventLogParams())
        acknowledged_ns = []
        begun_s = time.monotonic()
        async with _senders(store.url, n_senders) as counts:
            for i in range(n):
                await asyncio.sleep(random.uniform(0, 0.1))  # at any moment of the second
                await log.record([_event(f"probe-{i}-")], [False])
                acknowledged_ns.append(time.monotonic_ns())
            per_second = sum(counts) / (time.monotonic() - begun_s)
        await asyncio.sleep(_LAST_SYNC_S)
        (path,) = (folder / "data" / "store" / "appendonlydir").glob("*.incr.aof")
        waits_ms = list(_waits_ms(path.read_bytes(), folder / "syncs", acknowledged_ns))
        await redis.aclose()
        await store.stop()
        return waits_ms, per_second


def _waits_ms(log: bytes, syncs: Path, acknowledged_ns: list[int]) -> list[float]:
    """Return how long each probe waited for the sync that began with the log past its place."""
    sizes, ended_ns = np.loadtxt(syncs, np.int64, ndmin=2).T
    waits = []
    for i, acknowledged in enumerate(acknowledged_ns):
        found = re.search(rb"probe-%d-.*?EXEC\r\n" % i, log, re.DOTALL)
        assert found is not None, "it is in the log"
        on_disk_ns = ended_ns[sizes >= found.end()].min()
        waits.append(max(0.0, (int(on_disk_ns) - acknowledged) / 1e6))
    return waits


def _shim(folder: Path) -> Path:
    source, built = folder / "shim.c", folder / "shim.so"
    source.write_text(_SHIM)
    command = ["cc", "-shared", "-fPIC", "-o", str(built), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return built


@asynccontextmanager
async def _senders(url: str, n: int) -> AsyncIterator[list[int]]:
    counts = [0] * n
    tasks = [asyncio.create_task(_send(url, counts, place)) for place in range(n)]
    try:
        yield counts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(url: str, counts: list[int], place: int) -> None:
    redis = connect(url)
    log = EventLog(Pipe(redis), KINDS, EventLogParams())
    try:
        while True:
            batch = [_event(f"{place}-{counts[place] + i}") for i in range(_BATCH)]
            await log.record(batch, [False] * _BATCH)
            counts[place] += _BATCH
    finally:
        await redis.aclose()


def _event(event_id: str) -> Entry:
    reader, item = random.randrange(5_000), random.randrange(900)
    return Entry(f"u{reader}", f"i{item}", "click", now_us(), now_us(), event_id=event_id)


if __name__ == "__main__":
    main()
