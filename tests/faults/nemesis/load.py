"""Load: who sends events until they are acknowledged, and who looks for what they hid."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from tests.faults.nemesis.history import Event, History
from tests.soak import event

BATCH = 20
_PAUSE_S = 0.1

_Task = Callable[[httpx.Client, random.Random], None]
_LISTS: list[tuple[str, dict[str, str]]] = [
    ("/v1/feed", {}),
    ("/v1/new", {}),
    ("/v1/trending", {"window": "all"}),
    ("/v1/search", {"q": "paper"}),
]
_WATCHERS = {f"h{n}": {f"i{n}", f"i{n + 7}"} for n in range(5)}


def first_events() -> list[Event]:
    """The events by which some readers hide items for good."""
    return [
        {"user": user, "item": item, "kind": "hide", "at": "2026-10-01T00:00:00Z"}
        | {"event_id": f"hides-{user}-{item}"}
        for user, items in _WATCHERS.items()
        for item in sorted(items)
    ]


class Load:
    """Writers and a watcher against one address, in threads of their own."""

    def __init__(self, port: int, history: History, seed: str, writers: int = 2) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._history = history
        self._number = itertools.count()
        self._going = threading.Event()
        self._over = threading.Event()
        self._idle = threading.Semaphore(0)
        self._unwatched = threading.Event()
        self._n = writers + 1
        tasks = [self._write] * writers + [self._watch]
        self._threads = [
            threading.Thread(target=self._loop, args=(task, random.Random(f"{seed}/{n}")))
            for n, task in enumerate(tasks)
        ]

    def start(self) -> None:
        self._going.set()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        self._going.set()
        for thread in self._threads:
            thread.join(60)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is under way meanwhile: all that was sent is acknowledged."""
        self._going.clear()
        for _ in self._threads:
            assert self._idle.acquire(timeout=240), "events are not acknowledged"
        try:
            yield
        finally:
            self._going.set()

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """What is served meanwhile is known to be damaged, and told to be."""
        self._unwatched.set()
        try:
            yield
        finally:
            self._unwatched.clear()

    def _loop(self, task: _Task, rng: random.Random) -> None:
        with httpx.Client(base_url=self._address, timeout=10, trust_env=False) as http:
            while not self._over.is_set():
                if not self._going.is_set():
                    self._idle.release()
                    self._going.wait()
                    continue
                task(http, rng)
                time.sleep(_PAUSE_S)

    def _write(self, http: httpx.Client, rng: random.Random) -> None:
        batch = [event(rng, next(self._number)) for _ in range(BATCH)]
        while not self._over.is_set():
            try:
                answer = http.post("/v1/events", json=batch)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 202:
                if answer.json()["rejected"]:
                    self._history.accuse(f"rejected: {answer.text[:300]}")
                self._history.acknowledge(batch)
                return
            if answer is not None and answer.status_code not in (429, 503):
                self._history.accuse(f"events: {answer.status_code} {answer.text[:300]}")
            time.sleep(0.05)

    def _watch(self, http: httpx.Client, rng: random.Random) -> None:
        user = rng.choice(list(_WATCHERS))
        path, asked = rng.choice(_LISTS)
        try:
            answer = http.get(path, params={"user": user, "limit": 100} | asked)
        except httpx.TransportError:
            return
        if answer.status_code not in (200, 503):
            self._history.accuse(f"{path}: {answer.status_code} {answer.text[:300]}")
        elif answer.status_code == 200 and not self._unwatched.is_set():
            shown = {item["id"] for item in answer.json()["items"]}
            if back := shown & _WATCHERS[user]:
                self._history.accuse(f"{path} shows {user} what they hid: {back}")
