"""No acknowledged event is lost or counted twice, whatever is killed.

10,000 events are sent in batches, each batch again and again with the same event ids until it is
acknowledged, while worker, API and store are killed without warning.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import polars as pl
import pytest

from recsvc.core.items.trending import TrendingParams
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from tests.service import REPOSITORY, environment, free_port, wait_until
from workers.log.archive import Archive
from workers.log.reading import read_log

pytestmark = pytest.mark.alone

N_EVENTS, BATCH = 10_000, 20
USERS, ITEMS = 50, 20


class Parts:
    """Store, API and worker as processes of their own, to be killed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.store = BundledStore(folder, "always")
        self.settings = environment(
            data_dir=folder, port=self.port, redis_url=self.store.url, archive_every_s=1,
            archive_events=500, reclaim_after_s=1, log_level="error",
        )  # fmt: skip
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self, name: str) -> None:
        if name == "store":
            asyncio.run(self.store.start())
            return
        command = {"api": "serve", "worker": "worker"}[name]
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "recsvc", command, "--with-parent", str(os.getpid())],
            env=self.settings,
            cwd=REPOSITORY,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        if name == "store":
            os.kill(self.store.pid, signal.SIGKILL)
            self.store._process.wait()
            return
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def again(self, name: str) -> None:
        self.kill(name)
        self.start(name)


def events() -> list[dict]:
    rng = random.Random(5)
    kinds = ["click", "upvote", "unvote", "save", "impression", "hide", "unhide"]
    return [
        {
            "user": f"u{rng.randrange(USERS)}",
            "item": f"i{rng.randrange(ITEMS)}",
            "kind": rng.choice(kinds),
            "at": f"2026-01-{1 + rng.randrange(28):02d}T00:00:{rng.randrange(60):02d}Z",
            "event_id": f"e{n}",
        }
        for n in range(N_EVENTS)
    ]


def send(parts: Parts, sent: list[dict], progress: list[int]) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{parts.port}", timeout=10) as http:
        for start in range(0, N_EVENTS, BATCH):
            batch = sent[start : start + BATCH]
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if http.post("/v1/events", json=batch).status_code == 202:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
            progress[0] = start + BATCH
            time.sleep(0.03)  # long enough for a worker to get to work between two kills


async def look(parts: Parts) -> tuple[pl.DataFrame, dict, int]:
    redis = connect(parts.store.url)
    streams = Streams(redis, "test")
    # The archiver may be moving entries from the streams to its files meanwhile.
    log = await read_log(Archive(parts.folder / "archive"), streams)
    rows = await Boards(Pipe(redis), TrendingParams()).all()
    waiting = 0
    for shard in range(64):
        for group in await redis.xinfo_groups(f"rs:{{{shard}}}:events"):
            waiting += (group["lag"] or 0) + group["pending"]
    await redis.aclose()
    return log.events, rows, waiting


def applied(parts: Parts) -> dict:
    async def ask() -> dict:
        redis = connect(parts.store.url)
        found = await Boards(Pipe(redis), TrendingParams()).applied()
        await redis.aclose()
        return found

    return asyncio.run(ask())


def recount(sent: list[dict]) -> dict[str, Counter]:
    """What the counters must be: states by their latest time, clearing first at equal times."""
    counts: dict[str, Counter] = {f"i{n}": Counter() for n in range(ITEMS)}
    states: dict[tuple, tuple] = {}
    for e in sent:
        if e["kind"] in ("click", "impression"):
            counts[e["item"]][e["kind"]] += 1
        else:
            state = e["kind"].removeprefix("un") if e["kind"].startswith("un") else e["kind"]
            state = {"vote": "upvote"}.get(state, state)
            key, new = (e["user"], e["item"], state), (e["at"], e["kind"].startswith("un"))
            states[key] = max(states.get(key, ("", False)), new)
    for (_, item, state), (_, is_cleared) in states.items():
        if not is_cleared:
            counts[item][state] += 1
    return counts


def test_killing_anything_loses_and_doubles_nothing(tmp_path):
    parts = Parts(tmp_path / "data")
    sent, progress = events(), [0]
    for name in ("store", "api", "worker"):
        parts.start(name)
    sender = threading.Thread(target=send, args=(parts, sent, progress))
    sender.start()
    try:
        rng = random.Random(9)
        victims = ["worker"] * 10 + ["api"] * 2 + ["store"] * 2
        moments = sorted(rng.randrange(N_EVENTS) for _ in victims)
        for victim, moment in zip(victims, moments, strict=True):
            wait_until(lambda: progress[0] >= moment, f"event {moment}", 90)  # noqa: B023
            if victim == "worker":
                before = applied(parts)
                wait_until(lambda: applied(parts) != before, "the worker at work", 30)  # noqa: B023
                time.sleep(rng.random() / 5)
            parts.again(victim)
        sender.join(120)
        assert progress[0] == N_EVENTS
        wait_until(lambda: asyncio.run(look(parts))[2] == 0, "every event on the boards", 60)

        log, rows, _ = asyncio.run(look(parts))
    finally:
        for name in ("worker", "api", "store"):
            parts.kill(name)

    assert sorted(log["event_id"].to_list()) == sorted(e["event_id"] for e in sent)
    expected = recount(sent)
    for item, counts in expected.items():
        assert rows[item].votes == counts["upvote"], item
        for counter in ("click", "impression", "save", "hide"):
            assert rows[item].counts.get(counter, 0) == counts[counter], (item, counter)
