"""What the console's first screen takes on a loaded service: `python -m bench.first_screen`.

Every hour of a week is filled as a worker would have counted it, so that its charts are as full as they
get. The log is smaller than ten million events: nothing on the page reads it, each figure is kept.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from bench import data
from bench.__main__ import BARE, RESTING
from bench.costs import ANY_MODEL, cost, spent_s
from recsvc.clock import DAY_US, HOUR_US, now_us
from recsvc.core.loop import Came, Hour, Named
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.log.loop import LoopStore
from recsvc.store.pipe import Pipe
from tests.service import Service

_TIMES = 50
_VOICES = ("personal", "similar", "trending", "new", "explore")


def main() -> None:
    """Print milliseconds, and processor time as a multiple of the bare route's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--readers", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        service = Service(Path(temporary) / "data", **RESTING, **ANY_MODEL).start()
        try:
            items = data.items(asked.items)
            for start in range(0, len(items), 500):
                service.put_all(items[start : start + 500])
            events = data.upvotes(asked.items, asked.readers, 10)
            for start in range(0, len(events), 1_000):
                service.send(*events[start : start + 1_000])
            service.settled()
            asyncio.run(_fill(service))
            bare_us = cost(service, BARE, asked.seconds).us["api"]
            before_s = spent_s(service)["api"]
            took_ms = [_asked(service) for _ in range(_TIMES)]
            page_us = (spent_s(service)["api"] - before_s) / _TIMES * 1e6
        finally:
            service.stop()
    told = (
        f"{min(took_ms):.0f} ms at best, {median(took_ms):.0f} median, {max(took_ms):.0f} at most"
    )
    print(
        f"{asked.items:,} items, {len(events):,} events: {told}; {page_us / 1_000:.1f} ms of processor "
        f"time, {page_us / bare_us:.0f} times the bare route"
    )


def _asked(service: Service) -> float:
    began_s = time.perf_counter()
    answer = service.http.get("/console")
    assert answer.status_code == 200, answer.text
    assert 'data-chart="lists"' in answer.text
    return (time.perf_counter() - began_s) * 1_000


async def _fill(service: Service) -> None:
    """Keep a week of hours, counted for good."""
    rng, this_hour_us = np.random.default_rng(1), now_us() // HOUR_US * HOUR_US
    store = connect(socket_url(service.folder))
    for back in range(7 * 24):
        at_us = this_hour_us - back * HOUR_US
        names = [Named(f"topic-{n}", *rng.random(2).tolist(), 0.1) for n in range(12)]
        figures = rng.random(6).tolist()
        hour = Hour(
            at_us=at_us,
            counted_us=at_us + 2 * DAY_US,
            lists=int(rng.integers(60_000)),
            readers=int(rng.integers(20_000)),
            **dict(
                zip(
                    ("fallback", "coverage", "gini", "novelty", "drift", "echo"),
                    figures,
                    strict=True,
                )
            ),
            voices={voice: Came(*rng.integers(1, 9_000, 2).tolist()) for voice in _VOICES},
            topics=names,
            organisations=names,
        )
        await LoopStore(Pipe(store)).keep(hour)
    await store.aclose()


if __name__ == "__main__":
    main()
