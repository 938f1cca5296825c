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
OTHERS_IN_FLIGHT = 8
"""Of what is no event. A list is computed: the more at a time, the later each, and none the sooner.
Events wait for the store, which takes many at a time as it takes one."""

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
    """Lets in so many requests at a time.

    Args:
        in_flight: of all that are worked on.
        waiting: of those that may wait, of events and of others each.
        others: of those that are no events; as many as of all if None.
    """

    def __init__(
        self, in_flight: int = IN_FLIGHT, waiting: int = _WAITING, others: int | None = None
    ) -> None:
        self._free = in_flight
        self._free_for_others = in_flight if others is None else others
        self._bound = waiting
        self._events: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def enter(self, path: str) -> bool:
        """Wait to be let in; return whether that came about. Whoever was let in has to `leave`."""
        is_event = path == _EVENTS
        if self._free > 0 and (is_event or self._free_for_others > 0):
            self._take(is_event)
            return True
        queue = self._events if is_event else self._others
        if len(queue) >= self._bound:
            return self._shed(is_event)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await asyncio.wait({place}, timeout=_EVENT_WAIT_S if is_event else _OTHER_WAIT_S)
        except asyncio.CancelledError:
            self._give_up(place, path)
            raise
        return True if place.done() else self._give_up(place, path) or self._shed(is_event)

    def leave(self, path: str = "") -> None:
        """Give a place back, and let the next ones in."""
        is_event = path == _EVENTS
        self._free += 1
        self._free_for_others += not is_event
        WORKED_ON.dec()
        while self._free > 0:
            if self._events:
                place, is_event = self._events.popleft(), True
            elif self._others and self._free_for_others > 0:
                place, is_event = self._others.pop(), False
            else:
                return
            if not place.done():
                self._take(is_event)
                place.set_result(None)

    def _take(self, is_event: bool) -> None:
        self._free -= 1
        self._free_for_others -= not is_event
        WORKED_ON.inc()

    def _give_up(self, place: asyncio.Future[None], path: str) -> bool:
        if place.done():
            self.leave(path)  # let in in the same instant
        else:
            (self._events if path == _EVENTS else self._others).remove(place)
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
