"""Processor time per request as a multiple of the bare route's: `python -m bench.costs`.

It holds still where the machine does not: a busy neighbour makes every request later, and hardly any
dearer. What the store and the worker spend on a request stands beside what the serving process does.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import wrk
from bench.__main__ import BARE, BATCH, EVENT, FEED, RESTING, prepare
from tests.service import Service

# What is measured is not how models are found.
ANY_MODEL = {
    "search_s": 0,
    "learn_weights": "false",
    "gate_min_readers": 10**6,
    "train_share": 1,
    "train_threads": 1,
}
_PARTS = ("api", "store", "worker")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CONNECTIONS = 8
_IDLE_S = 20

AGAIN = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/feed?user=reader-" .. math.random(0, 19))
end
"""
PATH = 'request = function() return wrk.format("GET", "%s") end'
BOARD_OF_A_READER = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/trending?window=all&user=reader-" .. math.random(0, %d))
end
"""


@dataclass(frozen=True)
class Cost:
    """What one call took of each part's processor time, in µs, and how often it was asked for."""

    us: dict[str, float]
    per_second: float
    errors: int


def main() -> None:
    """Prepare a service, drive each call alone and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", nargs="*", default=None, help="rows whose name holds a word")
    parser.add_argument("--folder", type=Path, help="prepared once, and left for the next run")
    parser.add_argument("--cold", action="store_true", help="no reader's feed is kept")
    asked = parser.parse_args()
    kept = {"feed_cache_s": 0} if asked.cold else {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.folder or Path(temporary)) / "data"
        folder.parent.mkdir(parents=True, exist_ok=True)  # the service logs beside it
        is_prepared = folder.exists()
        pauses = RESTING if is_prepared else {"train_pause_s": 600}
        service = Service(folder, **pauses, **ANY_MODEL, **kept)
        service.start()
        try:
            if not is_prepared:
                prepare(service, asked.items, asked.readers)
            Console(width=120).print(table(service, asked))
        finally:
            service.stop()


def table(service: Service, asked: argparse.Namespace) -> Table:
    """Return what each call costs, beside the bare route before and after."""
    run = str(time.time_ns())
    last_reader, last_item = asked.readers - 1, asked.items - 1
    calls = {
        "feed, a reader after another": FEED % (last_reader, ""),
        "feed, the same 20 readers": AGAIN,
        "feed of somebody unknown": PATH % "/v1/feed",
        "trending": PATH % "/v1/trending?window=all",
        "trending of a reader": BOARD_OF_A_READER % last_reader,
        "new": PATH % "/v1/new",
        "event, one": EVENT % ("a" + run, last_item),
        "events, 100": BATCH % ("b" + run, last_item),
    }
    chosen = {
        name: script
        for name, script in calls.items()
        if asked.only is None or any(word in name for word in asked.only)
    }
    idle = idle_share(service)
    costs = {"bare route, before": cost(service, BARE, asked.seconds)}
    for name, script in chosen.items():
        costs[name] = cost(service, script, asked.seconds)
        service.settled()
    costs["bare route, after"] = cost(service, BARE, asked.seconds)
    bare = sum(c.us["api"] for name, c in costs.items() if name.startswith("bare")) / 2
    title = f"{asked.items:,} items, {asked.readers:,} readers; idle {idle:.2%} of a processor"
    found = Table(title=title)
    for column in ("call", *(f"{part} µs" for part in _PARTS), "api / bare", "all / bare", "per s"):
        found.add_column(column, justify="left" if column == "call" else "right")
    for name, one in costs.items():
        figures = [f"{one.us[part]:,.0f}" for part in _PARTS]
        ratios = [f"{one.us['api'] / bare:.2f}", f"{sum(one.us.values()) / bare:.2f}"]
        errors = f" ({one.errors} errors)" if one.errors else ""
        found.add_row(name + errors, *figures, *ratios, f"{one.per_second:,.0f}")
    return found


def cost(service: Service, script: str, seconds: float) -> Cost:
    """Drive a call and return what it took."""
    base = str(service.http.base_url)
    wrk.run(base, script, 1, _CONNECTIONS)
    before = spent_s(service)
    load = wrk.run(base, script, seconds, _CONNECTIONS)
    after = spent_s(service)
    n = load.per_second * int(seconds)
    us = {part: (after[part] - before[part]) / n * 1e6 for part in _PARTS}
    return Cost(us, load.per_second, load.errors)


def idle_share(service: Service) -> float:
    """Return the share of a processor that everything takes while nobody asks for anything."""
    time.sleep(_IDLE_S / 2)  # what began before is over
    before = _all_spent_s(service)
    time.sleep(_IDLE_S)
    return (_all_spent_s(service) - before) / _IDLE_S


def spent_s(service: Service) -> dict[str, float]:
    """Return the processor time that each part has taken."""
    return {part: _seconds(service.part(part)) for part in _PARTS}


def _all_spent_s(service: Service) -> float:
    assert service.process is not None
    return _seconds(service.process.pid)


def _seconds(pid: int) -> float:
    """Return the processor time of a process and of those it started that still run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own_s + sum(_seconds(int(child)) for child in started)


if __name__ == "__main__":
    main()
