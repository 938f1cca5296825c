"""A service of a simulation: the real one, on a folder and a port of its own, asked over HTTP.

The service's clock is not wound forward. Days lie in the past instead, the last of them today: what is
listed and done carries the instant of its day, and lists are ranked as of now. What fades therefore
fades as of now too, in all sites alike: docs/simulating.md says what that means for the figures.

A day's lists are all fetched before what readers did is told, and the next day begins when boards and
model have followed. Otherwise it would be up to chance which vote is in time for whose list.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from recsvc.cli.health import readiness
from recsvc.cli.training import trained
from recsvc.clock import DAY_US, HOUR_US, SECOND_US, now_us, rfc3339
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.readers.events import MAX_BATCH
from recsvc.errors import StoreUnavailableError
from recsvc.settings import DECLARED, Settings, environment_of, from_environment
from recsvc.store.connection import connect
from workers.simulation.simulating import Served, Visit
from workers.simulation.world import PAGE, World, WorldParams

_READY_S, _FOLLOWS_S, _STOP_S, _LOOK_S = 60.0, 60.0, 40.0, 0.05
# How lists are ranked and learned from may be set from outside; where a service lives and whom it
# writes to may not: a simulation must not reach a site that is real.
_HEEDED = ("lists", "training")
_SINCE_LISTED_US = 6 * HOUR_US  # a day's items are listed at two, its readers come at eight


def settings_of(folder: Path, **overrides: object) -> Settings:
    """Return the settings of a service that lives in a folder, whatever else is set in the environment.

    Raises:
        SettingsError: for a setting in the environment that is unknown.
    """
    from_environment()
    heeded = {d.variable for d in DECLARED.values() if d.path[0] in _HEEDED}
    environ = {name: text for name, text in os.environ.items() if name in heeded}
    own: dict[str, Any] = {
        "data_dir": str(folder),
        "port": _free_port(),
        "demo": False,
        "train_engine": "none",  # trained between days, by whoever lets them pass
        "feed_cache_s": 0,  # a day passes in seconds
        "log_level": "warning",
    }
    return from_environment(environ, **(own | overrides))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Run a service meanwhile; gives its address.

    Raises:
        StoreUnavailableError: when it does not start.
    """
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RECSVC_")}
    log_path = settings.data_path.with_suffix(".log")
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "recsvc", "up"],
            env=environ | environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C comes to us, who stop it
        )
    try:
        address = settings.local_url

        def is_ready() -> bool:
            if process.poll() is not None:
                raise StoreUnavailableError(f"the service ended: {log_path.read_text()[-2000:]}")
            return readiness(address)[0] == httpx.codes.OK

        _wait(is_ready, "the service answers", _READY_S)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(is_so: Callable[[], bool], what: str, within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > until_s:
            raise StoreUnavailableError(f"{what}: not within {within_s:.0f} s")
        time.sleep(_LOOK_S)


async def _trained(settings: Settings) -> Snapshot:
    redis = connect(settings.store_url)
    try:
        return await trained(redis, settings)
    finally:
        await redis.aclose()


class HttpSite:
    """A site that is asked over HTTP, as a front end would.

    Args:
        tells_impressions: whether it is told what was shown, or only what was clicked and voted for.
    """

    def __init__(
        self, params: WorldParams, settings: Settings, address: str, *, tells_impressions: bool
    ) -> None:
        self._params = params
        self._settings = settings
        self._tells_impressions = tells_impressions
        self._http = httpx.Client(base_url=address, timeout=30, trust_env=False)
        world = World(params, np.random.default_rng(params.seed))
        self._titles, self._born_day = world.titles, world.born_day
        self._last_us = now_us() // SECOND_US * SECOND_US - HOUR_US  # of the last day's visits
        self._n = 0

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def open(self, day: int) -> None:
        """List what the day brings, and learn from the days before."""
        if day:
            self._learn()
        rows = range(self._n, self._params.n_listed(day))
        items = [
            {
                "id": f"i{row}",
                "title": self._titles[row],
                "listed_at": rfc3339(self._listed_us(row)),
            }
            for row in rows
        ]
        for start in range(0, len(items), MAX_BATCH):
            self._sent("/v1/items", items[start : start + MAX_BATCH])
        self._n = rows.stop
        # A board shows what the serving process knows of; the day's last item is the newest of all.
        self._until(lambda: self._first_of("/v1/new") == f"i{rows.stop - 1}", "the items are there")

    def feed(self, who: int) -> Served:
        """Return a reader's list."""
        got = self._got("/v1/feed", user=f"r{who}", limit=PAGE, fields="id")
        rows = np.array([int(item["id"].removeprefix("i")) for item in got["items"]], np.int64)
        return Served(got["feed_id"], rows)

    def tell(self, day: int, visits: list[Visit]) -> None:
        """Take in what readers did on a day."""
        at_us = self._at_us(day)
        events = [event for visit in visits for event in self._events(visit, at_us)]
        for start in range(0, len(events), MAX_BATCH):
            self._sent("/v1/events", events[start : start + MAX_BATCH])
        self._until(lambda: self._behind() == 0, "the boards follow")

    def _events(self, visit: Visit, at_us: int) -> Iterator[dict[str, object]]:
        positions = range(len(visit.served.rows))
        kinds = [("click", visit.clicked.tolist()), ("upvote", visit.voted.tolist())]
        if self._tells_impressions:
            kinds.insert(0, ("impression", list(positions)))
        for after_s, (kind, places) in enumerate(kinds):
            for position in places:
                yield {
                    "user": f"r{visit.who}",
                    "item": f"i{visit.served.rows[position]}",
                    "kind": kind,
                    "at": rfc3339(at_us + after_s * SECOND_US),
                    "feed_id": visit.served.feed_id,
                    "position": position,
                }

    def _learn(self) -> None:
        """Train, and wait until what passed the gate is what is served."""
        manifest = asyncio.run(_trained(self._settings)).manifest
        if manifest.verdict is not None and manifest.verdict.passed:
            self._until(
                lambda: self._asked()["snapshot_id"] == manifest.snapshot_id, "the model is served"
            )

    def _at_us(self, day: int) -> int:
        return self._last_us - (self._params.days - 1 - day) * DAY_US

    def _listed_us(self, row: int) -> int:
        # A second apart, so that what is newest is one item.
        return self._at_us(int(self._born_day[row])) - _SINCE_LISTED_US + row * SECOND_US

    def _asked(self) -> dict[str, Any]:
        return self._got("/v1/feed", user="nobody", limit=1, fields="id")

    def _behind(self) -> int:
        return int(self._asked()["events_behind"])

    def _first_of(self, path: str) -> str | None:
        items = self._got(path, limit=1, fields="id")["items"]
        return items[0]["id"] if items else None

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        _wait(is_so, what, _FOLLOWS_S)

    def _got(self, path: str, **asked: str | int) -> dict[str, Any]:
        answer = self._http.get(path, params=asked)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _sent(self, path: str, body: Sequence[object]) -> None:
        answer = self._http.post(path, json=list(body))
        answer.raise_for_status()
        assert not answer.json()["rejected"], answer.text
