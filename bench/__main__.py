"""`make bench`: feeds and events of a real service, driven by wrk, beside a bare route of it."""

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import data, wrk
from recsvc.clock import HOUR_S
from tests.service import Service, wait_until

BARE = 'request = function() return wrk.format("GET", "/health/live") end'
FEED = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/feed?user=reader-" .. math.random(0, %d) .. "%s")
end
"""
EVENT = """
math.randomseed(os.time())
local n = 0
request = function()
  n = n + 1
  local body = string.format(
    '{"user":"w-%%d","item":"item-%%d","kind":"click","event_id":"%s-%%d"}',
    math.random(0, 5000), math.random(0, %d), n)
  return wrk.format("POST", "/v1/events", nil, body)
end
"""
BATCH = """
math.randomseed(os.time())
local n = 0
request = function()
  local events = {}
  for i = 1, 100 do
    n = n + 1
    events[i] = string.format(
      '{"user":"w-%%d","item":"item-%%d","kind":"click","event_id":"%s-%%d"}',
      math.random(0, 5000), math.random(0, %d), n)
  end
  return wrk.format("POST", "/v1/events", nil, "[" .. table.concat(events, ",") .. "]")
end
"""

RESTING = {"train_pause_s": HOUR_S, "train_every_events": 10**9, "train_every_s": 10**6}
"""Settings with which nothing is trained."""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--durability", default="always")
    parser.add_argument("--keep", action="store_true", help="wait for Enter before stopping")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Path(folder) / "data",
            durability=asked.durability,
            train_pause_s=600,
            train_every_s=HOUR_S,
        ).start()
        try:
            prepare(service, asked.items, asked.readers)
            table = measure(service, asked.items, asked.readers, asked.seconds, asked.durability)
            Console().print(table)
            if asked.keep:
                input(f"{service.http.base_url}, stop with Enter ")
        finally:
            service.stop()


def prepare(service: Service, n_items: int, n_readers: int) -> None:
    """Fill the service, and have it train once on everything."""
    found = data.items(n_items)
    for start in range(0, n_items, 500):
        service.put_all(found[start : start + 500])
    events = data.upvotes(n_items, n_readers, 20)
    for start in range(0, len(events), 1000):
        service.send(*events[start : start + 1000])
    service.settled()
    service.stop()  # what it does next is train: the last model is older than the pause
    service.settings |= {"train_pause_s": 1, "train_every_events": 100}
    service.start()
    wait_until(lambda: (service.get("/v1/stats")["model_coverage"] or 0) > 0.1, "a model", 300)
    service.stop()
    service.settings |= RESTING
    service.start()


def measure(
    service: Service, n_items: int, n_readers: int, seconds: float, durability: str
) -> Table:
    """Drive each call and put the figures beside the bare route's."""
    base = str(service.http.base_url)
    run = str(time.time_ns())
    rows: list[tuple[str, wrk.Load, float, str]] = []
    bare = wrk.run(base, BARE, seconds)
    aims = {"feed": "1/10", "event": "1/4", "batch": "20,000 events/s"}
    feed = wrk.run(base, FEED % (n_readers - 1, ""), seconds)
    ids = wrk.run(base, FEED % (n_readers - 1, "&fields=id"), seconds)
    event = wrk.run(base, EVENT % ("a" + run, n_items - 1), seconds)
    batch = wrk.run(base, BATCH % ("b" + run, n_items - 1), seconds)
    bare_again = wrk.run(base, BARE, seconds)
    reference = (bare.per_second + bare_again.per_second) / 2
    rows = [
        ("bare route (before)", bare, 1, ""),
        ("GET /v1/feed", feed, 1, aims["feed"]),
        ("GET /v1/feed?fields=id", ids, 1, ""),
        ("POST /v1/events, one", event, 1, aims["event"]),
        ("POST /v1/events, 100", batch, 100, aims["batch"]),
        ("bare route (after)", bare_again, 1, ""),
    ]
    table = Table(title=f"{n_items:,} items, {n_readers:,} readers, one process, {durability}")
    for column in (
        "call",
        "requests/s",
        "events/s",
        "p50 ms",
        "p99 ms",
        "of bare",
        "aim",
        "errors",
    ):
        table.add_column(column, justify="left" if column == "call" else "right")
    for name, load, events, aim in rows:
        table.add_row(
            name,
            f"{load.per_second:,.0f}",
            f"{load.per_second * events:,.0f}" if "events" in name else "",
            f"{load.p50_ms:.2f}",
            f"{load.p99_ms:.2f}",
            f"1/{reference / load.per_second:.1f}",
            aim,
            str(load.errors),
        )
    return table


if __name__ == "__main__":
    main()
