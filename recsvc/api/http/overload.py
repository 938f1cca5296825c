"""Overload: what comes when there is too much to do, so that what is let in is answered well.

A bounded number of requests is worked on at a time; the others wait, an event before any feed, and a
feed that has just come before one that waits: whoever asked long ago has gone, and answering in order
would make everybody wait as long as the queue is (Maurer: "Fail at Scale", ACM Queue 13(8), 2015). After
a second at most a wait ends with 503 and `Retry-After`, before anything was done. Probes never wait: a
busy process must not be taken for a dead one.
"""

import asyncio
from collections import deque
from typing import Any

import msgspec
from litestar.types import Send
from prometheus_client import Counter, Gauge

from recsvc.api.http.metrics import registry

IN_FLIGHT = 64
_WAITING = 2_000
_EVENT_WAIT_S = 1.0
_OTHER_WAIT_S = 0.5
_EVENTS = "/v1/events"
_PROBES = ("/health/", "/metrics")

SHED = Counter(
    "recsvc_shed_requests", "Requests refused because there was too much to do, by what they are.",
    ["what"], registry=registry,
)  # fmt: skip
WORKED_ON = Gauge(
    "recsvc_requests_in_flight", "Requests that are being worked on.", registry=registry
)

_BODY = msgspec.json.encode(
    {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "too much to do just now: come back in a moment",
    }
)
_HEADERS = [
    (b"content-type", b"application/problem+json"),
    (b"content-length", str(len(_BODY)).encode()),
    (b"retry-after", b"1"),
    (b"cache-control", b"no-store"),
]


class Gate:
    """Lets in so many requests at a time."""

    def __init__(self, in_flight: int = IN_FLIGHT, waiting: int = _WAITING) -> None:
        self._free = in_flight
        self._bound = waiting
        self._events: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def enter(self, path: str) -> bool:
        """Wait to be let in; return whether that came about. Whoever was let in has to `leave`."""
        if self._free > 0:
            self._free -= 1
            WORKED_ON.inc()
            return True
        is_event = path == _EVENTS
        queue = self._events if is_event else self._others
        if len(queue) >= self._bound:
            return self._shed(is_event)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await asyncio.wait({place}, timeout=_EVENT_WAIT_S if is_event else _OTHER_WAIT_S)
        except asyncio.CancelledError:
            self._give_up(place, queue)
            raise
        return True if place.done() else self._give_up(place, queue) or self._shed(is_event)

    def leave(self) -> None:
        """Let the next one in."""
        while self._events or self._others:
            place = self._events.popleft() if self._events else self._others.pop()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
        WORKED_ON.dec()

    def _give_up(self, place: asyncio.Future[None], queue: deque[asyncio.Future[None]]) -> bool:
        if place.done():
            self.leave()  # let in in the same instant
        else:
            queue.remove(place)
        return False

    def _shed(self, is_event: bool) -> bool:
        SHED.labels("events" if is_event else "other").inc()
        return False


def is_probe(path: str) -> bool:
    """Return whether a path is asked to learn how the process is."""
    return path.startswith(_PROBES)


async def refuse(send: Send) -> None:
    """Answer that there is too much to do."""
    start: Any = {"type": "http.response.start", "status": 503, "headers": _HEADERS}
    body: Any = {"type": "http.response.body", "body": _BODY, "more_body": False}
    await send(start)
    await send(body)
