"""`make soak`: a whole service under load for as long as one likes, its parts killed now and then.

Events are sent again with the same ids until they are acknowledged; feeds and searches are read beside
them. In the end every acknowledged event is in archive or streams exactly once, the boards equal a
recount, and what the processes took of memory over time is printed. Then a service is broken in every
way at hand under load, and one is backed up, 200 times each.
"""

import argparse
import asyncio
import itertools
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from recsvc.core.items.trending import TrendingParams
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from tests.service import REPOSITORY, Service, wait_until
from tests.test_durability import recount
from workers.log.archive import Archive
from workers.log.reading import read_log

READERS, ITEMS, BATCH = 500, 20, 50
_KINDS = ("click", "upvote", "unvote", "save", "impression", "hide", "unhide")
_PARTS = ("worker", "api", "digest", "store")


def main() -> None:
    """Soak, and exit with 1 if anything was lost, doubled or refused for good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kill-every-s", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--rounds", type=int, default=200, help="of faults, and of backups, after it"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Path(folder) / "data", log_level="error", archive_every_s=5, train_every_s=20
        ).start()
        try:
            service.put_all(
                [{"id": f"i{n}", "title": f"paper {n % 7} of {n}"} for n in range(ITEMS)]
            )
            sent, resident = soak(service, asked.minutes * 60, asked.kill_every_s, asked.seed)
            problems = list(differences(service, sent))
        finally:
            service.stop()
    print("minute  " + "  ".join(f"{name:>8}" for name in _PARTS) + "   (MB)")
    for minute, sizes in resident:
        print(f"{minute:6.1f}  " + "  ".join(f"{sizes.get(name, 0):8.0f}" for name in _PARTS))
    print(f"{len(sent):,} events acknowledged; {len(problems)} differences")
    print("\n".join(problems[:20]), flush=True)
    sys.exit(1 if problems or not broken_and_backed_up(asked.rounds) else 0)


def broken_and_backed_up(rounds: int) -> bool:
    """Break a service and back one up, so many times each; return whether all was kept."""
    backups = [sys.executable, "-m", "pytest", "tests/faults/test_backup.py", "-k", "every_backup"]
    commands = [
        [sys.executable, "-m", "tests.faults.nemesis", "--rounds", str(rounds)],
        ["env", f"BACKUP_ROUNDS={rounds}", *backups],
    ]
    return all(subprocess.run(command, cwd=REPOSITORY).returncode == 0 for command in commands)


def soak(
    service: Service, seconds: float, kill_every_s: float, seed: int
) -> tuple[list[dict[str, Any]], list[tuple[float, dict[str, float]]]]:
    """Load the service and kill its parts; return what it acknowledged, and memory by minute."""
    rng = random.Random(seed)
    number = itertools.count()
    sent: list[dict[str, Any]] = []
    resident: list[tuple[float, dict[str, float]]] = []
    started_s = time.monotonic()
    next_kill_s, next_look_s = kill_every_s, 0.0
    while (at_s := time.monotonic() - started_s) < seconds:
        sent += acknowledged(service, [event(rng, next(number)) for _ in range(BATCH)])
        read(service, rng)
        if at_s >= next_look_s:
            resident.append((at_s / 60, {name: resident_mb(service, name) for name in _PARTS}))
            next_look_s += max(60.0, seconds / 30)
        if at_s >= next_kill_s:
            service.kill_part(rng.choice(_PARTS))
            next_kill_s += kill_every_s
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


def resident_mb(service: Service, name: str) -> float:
    """Return the memory of a part; 0 if it just ended."""
    try:
        status = Path(f"/proc/{service.part(name)}/statm").read_text()
    except FileNotFoundError:
        return 0.0
    return int(status.split()[1]) * 4096 / 1e6


def differences(service: Service, sent: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is not as it was acknowledged."""
    wait_until(lambda: service.is_ready(), "the service answers", 60)
    wait_until(lambda: service.get("/v1/stats")["events_behind"] == 0, "events on the boards", 120)
    ids, rows = asyncio.run(_stored(service.folder))
    for event_id, n in (Counter(ids) - Counter(e["event_id"] for e in sent)).items():
        yield f"{event_id} is there {n} times too often"
    for event_id in Counter(e["event_id"] for e in sent) - Counter(ids):
        yield f"{event_id} is lost"
    for item, counts in recount(sent).items():
        found = rows[item].counts | {"upvote": rows[item].votes}
        for counter in ("click", "impression", "save", "hide", "upvote"):
            if found.get(counter, 0) != counts[counter]:
                yield f"{item}: {counter} is {found.get(counter, 0)} and not {counts[counter]}"


async def _stored(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the event ids of archive and streams, and the boards."""
    redis = connect(socket_url(folder))
    try:
        log = await read_log(Archive(folder / "archive"), Streams(redis, "soak"))
        return log.events["event_id"].to_list(), await Boards(Pipe(redis), TrendingParams()).all()
    finally:
        await redis.aclose()


if __name__ == "__main__":
    main()
