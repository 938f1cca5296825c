"""`make soak`: a whole service under load for as long as one likes, its parts killed now and then.

Events are sent again with the same ids until they are acknowledged; feeds and searches are read
beside them, and somebody subscribes to the mails now and then. In the end every acknowledged event
is in archive or streams exactly once, the boards equal a recount, whoever asked for mails once got
one to confirm it, every key is in the table of keys and ends where it should. In the second half
nothing is killed, and by how much the memory of each process grew in its last two thirds is printed:
a process that just began grows to its size. Then a service is broken in every way at hand under
load, and one is backed up, 200 times each.

With `--cluster` the store is a cluster of three masters with replicas: now and then a master is killed
and comes back as a replica, or a slot moves. What is acknowledged has reached a replica.
"""

import argparse
import asyncio
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from recsvc.core.items.trending import TrendingParams
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from tests.cluster import Cluster
from tests.keyspace import unbounded
from tests.outbox import Outbox
from tests.service import REPOSITORY, Service, wait_until
from tests.test_durability import recount
from workers.log.archive import Archive
from workers.log.reading import read_log

READERS, ITEMS, BATCH = 500, 20, 50
LOOKS = 180
MOST_SUBSCRIBERS = 800  # the outbox keeps the latest thousand mails
_KINDS = ("click", "upvote", "unvote", "save", "impression", "hide", "unhide")
_PARTS = ("worker", "api", "digest", "store")
_SITE_KEYS = "rs:{site}:items"

Resident = list[tuple[float, dict[str, tuple[float, float]]]]
"""By minute, the memory of each part (MB): all of it, and what is no file that is mapped."""


def main() -> None:
    """Soak, and exit with 1 if anything was lost, doubled or refused for good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kill-every-s", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--rounds", type=int, default=200, help="of faults, and of backups, after it"
    )
    parser.add_argument("--cluster", action="store_true", help="on a cluster that loses masters")
    asked = parser.parse_args()
    print(
        f"{asked.minutes:g} minutes, seed {asked.seed}, load {os.getloadavg()[0]:.1f}", flush=True
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings: dict[str, Any] = {
            "log_level": "error", "archive_every_s": 5, "train_every_s": 20,
            "subscribe_per_network_hour": 100_000, "subscribe_per_hour": 100_000,
        }  # fmt: skip
        cluster: Cluster | None = None
        if asked.cluster:
            made = Cluster(Path(folder) / "nodes", has_replicas=True)
            cluster = stack.enter_context(made.running())
            settings |= {"redis_url": cluster.url, "wait_for_replicas": 1}
        service = Service(Path(folder) / "data", **settings).start()
        stack.callback(service.stop)
        service.put_all([{"id": f"i{n}", "title": f"paper {n % 7} of {n}"} for n in range(ITEMS)])
        breaking = Breaking(service, cluster, random.Random(asked.seed))
        subscribing = Subscribing(service)
        sent, resident = soak(breaking, subscribing, asked.minutes * 60, asked.kill_every_s)
        problems = [*differences(breaking, sent), *subscribing.differences()]
        print(", ".join(f"{what}: {n}" for what, n in sorted(breaking.done.items())))
    print("minute  " + "  ".join(f"{name:>8}" for name in breaking.parts) + "   (MB)")
    for minute, sizes in resident[:: max(1, len(resident) // 30)]:
        print(f"{minute:6.1f}  " + "  ".join(f"{sizes[name][0]:8.0f}" for name in breaking.parts))
    for name in breaking.parts:
        print(f"{name}: {' and '.join(growth(resident, name, asked.minutes))}")
    print(
        f"{len(sent):,} events and {len(subscribing.asked)} subscriptions acknowledged; "
        f"{len(problems)} differences"
    )
    print("\n".join(problems[:20]), flush=True)
    sys.exit(1 if problems or (asked.rounds and not broken_and_backed_up(asked.rounds)) else 0)


def broken_and_backed_up(rounds: int) -> bool:
    """Break a service and back one up, so many times each; return whether all was kept."""
    backups = [sys.executable, "-m", "pytest", "tests/faults/test_backup.py", "-k", "every_backup"]
    commands = [
        [sys.executable, "-m", "tests.faults.nemesis", "--rounds", str(rounds)],
        ["env", f"BACKUP_ROUNDS={rounds}", *backups],
    ]
    return all(subprocess.run(command, cwd=REPOSITORY).returncode == 0 for command in commands)


class Breaking:
    """Breaks a service, one thing at a time, beside whoever loads it.

    Attributes:
        parts: of the service, that can be killed.
        done: how often what was done.
    """

    def __init__(self, service: Service, cluster: Cluster | None, rng: random.Random) -> None:
        self.service = service
        self.cluster = cluster
        self.rng = rng
        self.parts = _PARTS if cluster is None else _PARTS[:-1]
        self.done: Counter[str] = Counter()
        self._beside = ThreadPoolExecutor(1)
        self._at_work: Future[None] | None = None

    def begin(self) -> None:
        """Break the next, unless the last is still being mended."""
        if self._at_work is None or self._at_work.done():
            self.mended()
            ways = [self._kill_part] + ([self._lose_master, self._move] if self.cluster else [])
            self._at_work = self._beside.submit(self.rng.choice(ways))

    def mended(self) -> None:
        """Wait for the last; whatever went wrong there is raised."""
        if self._at_work is not None:
            self._at_work.result()

    def _kill_part(self) -> None:
        part = self.rng.choice(self.parts)
        self.service.kill_part(part)
        self.done[f"{part} killed"] += 1

    def _lose_master(self) -> None:
        assert self.cluster is not None
        key = self.rng.choice([_SITE_KEYS, f"rs:{{{self.rng.randrange(64)}}}:events"])
        lost = self.cluster.holder(key)
        self.cluster.kill(lost)
        wait_until(lambda: self.cluster.holder(key) != lost, "a replica stands in", 60)
        self.cluster.revive(lost)
        self.done["master lost"] += 1

    def _move(self) -> None:
        assert self.cluster is not None
        self.cluster.move(self.rng.choice([_SITE_KEYS, f"rs:{{{self.rng.randrange(64)}}}:events"]))
        self.done["slot moved"] += 1


class Subscribing:
    """People who ask for mails.

    Attributes:
        asked: by address, how often it was asked for it: again where no answer came.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.asked: Counter[str] = Counter()

    def one_more(self) -> None:
        """Have somebody ask until they are answered."""
        address = f"reader-{len(self.asked)}@example.com"
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            self.asked[address] += 1
            with suppress(httpx.TransportError):
                wish = {"email": address}
                answer = self._service.http.post("/v1/subscriptions", json=wish)
                if answer.status_code == 202:
                    return
            time.sleep(1)
        raise TimeoutError("the service took no subscription for 90 s")

    def differences(self) -> Iterator[str]:
        """Yield who got no mail, or several for asking once."""
        outbox = Outbox(self._service)
        with suppress(AssertionError):
            wait_until(lambda: self.asked.keys() <= outbox.addresses().keys(), "all mails", 60)
        got = outbox.addresses()
        for address, n in self.asked.items():
            if not 1 <= got[address] <= n:
                yield f"{address} asked {n} times and got {got[address]} mails"


def soak(
    breaking: Breaking, subscribing: Subscribing, seconds: float, kill_every_s: float
) -> tuple[list[dict[str, Any]], Resident]:
    """Load the service, and break it in the first half; return what it acknowledged, and its memory."""
    service, rng = breaking.service, random.Random(breaking.rng.random())
    number = itertools.count()
    sent: list[dict[str, Any]] = []
    resident: Resident = []
    started_s = time.monotonic()
    next_kill_s, next_look_s, next_asks_s = kill_every_s, 0.0, 0.0
    while (at_s := time.monotonic() - started_s) < seconds:
        sent += acknowledged(service, [event(rng, next(number)) for _ in range(BATCH)])
        read(service, rng)
        if at_s >= next_look_s:
            resident.append((at_s / 60, {n: resident_mb(service, n) for n in breaking.parts}))
            next_look_s += seconds / LOOKS
        if at_s >= next_asks_s:
            subscribing.one_more()
            next_asks_s += max(2.0, seconds / MOST_SUBSCRIBERS)
        if at_s >= next_kill_s and at_s < seconds / 2:
            breaking.begin()
            next_kill_s += kill_every_s
    breaking.mended()
    return sent, resident


def event(rng: random.Random, n: int) -> dict[str, Any]:
    """Return an event of a time of its own, so that its place among the others is not of the essence."""
    at = f"2026-{1 + rng.randrange(9):02d}-{1 + rng.randrange(28):02d}T00:00:{rng.randrange(60):02d}Z"
    user, item = f"u{rng.randrange(READERS)}", f"i{rng.randrange(ITEMS)}"
    return {"user": user, "item": item, "kind": rng.choice(_KINDS), "at": at, "event_id": f"e{n}"}


def acknowledged(service: Service, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send events until they are acknowledged."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if service.http.post("/v1/events", json=events).status_code == 202:
                return events
        time.sleep(0.05)
    raise TimeoutError("the service took no events for 90 s")


def read(service: Service, rng: random.Random) -> None:
    """Read a feed and a search; without the API there is none, but never a wrong one."""
    for path in (
        f"/v1/feed?user=u{rng.randrange(READERS)}",
        "/v1/search?q=paper+3",
        "/v1/trending",
    ):
        try:
            answer = service.http.get(path)
        except httpx.TransportError:
            return
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"


def resident_mb(service: Service, name: str) -> tuple[float, float]:
    """Return the memory of a part, all and without files that are mapped; zeros if it just ended."""
    try:
        status = Path(f"/proc/{service.part(name)}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    kb = dict(re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB", status, re.MULTILINE))
    return int(kb.get("VmRSS", 0)) / 1024, int(kb.get("RssAnon", 0)) / 1024


def growth(resident: Resident, name: str, minutes: float) -> Iterator[str]:
    """Yield how the memory of a part grew since two thirds of the time, by least squares."""
    late = [(minute / 60, sizes[name]) for minute, sizes in resident if minute >= minutes * 2 / 3]
    hours = np.array([hour for hour, _ in late])
    for kind, mb in zip(("resident", "anonymous"), np.array([mb for _, mb in late]).T, strict=True):
        slope = np.polyfit(hours, mb, 1)[0]
        yield f"{kind} {mb[0]:.1f} to {mb[-1]:.1f} MB, {slope:+.1f} MB an hour"


def differences(breaking: Breaking, sent: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is not as it was acknowledged."""
    service = breaking.service
    wait_until(lambda: service.is_ready(), "the service answers", 60)
    wait_until(lambda: service.get("/v1/stats")["events_behind"] == 0, "events on the boards", 120)
    url = breaking.cluster.url if breaking.cluster else socket_url(service.folder)
    yield from asyncio.run(_unbounded(url))
    ids, rows = asyncio.run(_stored(service.folder, url))
    for event_id, n in (Counter(ids) - Counter(e["event_id"] for e in sent)).items():
        yield f"{event_id} is there {n} times too often"
    for event_id in Counter(e["event_id"] for e in sent) - Counter(ids):
        yield f"{event_id} is lost"
    for item, counts in recount(sent).items():
        found = rows[item].counts | {"upvote": rows[item].votes}
        for counter in ("click", "impression", "save", "hide", "upvote"):
            if found.get(counter, 0) != counts[counter]:
                yield f"{item}: {counter} is {found.get(counter, 0)} and not {counts[counter]}"


async def _unbounded(url: str) -> list[str]:
    redis = connect(url)
    try:
        return [key async for key in unbounded(redis)]
    finally:
        await redis.aclose()


async def _stored(folder: Path, url: str) -> tuple[list[str], dict[str, Any]]:
    """Return the event ids of archive and streams, and the boards."""
    redis = connect(url)
    try:
        log = await read_log(Archive(folder / "archive"), Streams(redis, "soak"))
        return log.events["event_id"].to_list(), await Boards(Pipe(redis), TrendingParams()).all()
    finally:
        await redis.aclose()


if __name__ == "__main__":
    main()
