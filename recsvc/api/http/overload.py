"""Overload: what comes when there is too much to do, so that what is let in is answered well.

Requests go in lanes, by what they take: so many of each are worked on at a time, and the others of that
lane wait. Events wait for the store, which takes many at a time as it takes one. A list is computed: the
more at a time, the later each, and none the sooner. Searches and explanations are computed for as long
as several lists are, and one at a time leaves room for lists in between. What brings much into the
store, or waits for a worker, holds nobody up but its like.

After a second at most a wait ends with 503 and `Retry-After`, before anything was done. Waiting is in
order while few wait. Where lists wait in a crowd, there are more of them than can be answered, and
answering in order would make everybody wait as long as the line is: until that is over, what has just
come goes first and the oldest beyond a few is refused at once (Maurer: "Fail at Scale", ACM Queue 13(8),
2015). A crowd is a number and no time: a busy machine, on which everything takes longer, is none.
Probes never wait: a busy process must not be taken for a dead one.
"""

import asyncio
from collections import deque
from typing import Any

import msgspec
from litestar.types import Send
from prometheus_client import Counter, Gauge

from recsvc.api.http.metrics import registry

_SWEEP_S = 0.05
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


class Rule(msgspec.Struct, frozen=True):
    """How a lane is run.

    Attributes:
        places: how many are worked on at a time.
        crowd: so many wait where too many come.
        few: so many may wait then, the latest; None: those of the crowd, in order, and no other.
        longest_s: how long one may wait.
        calm_s: for how long nobody was refused when a crowd is over.
    """

    places: int
    crowd: int = 2_000
    few: int | None = None
    longest_s: float = 1.0
    calm_s: float = 1.0


RULES = {
    "events": Rule(places=64),
    "lists": Rule(places=3, crowd=64, few=16),
    "searches": Rule(places=1),
    "explanations": Rule(places=1),
    "writes": Rule(places=8),
    "workers": Rule(places=16),
}
"""The lanes, by name."""

_EVENTS = "/v1/events"
_READS = ("GET", "HEAD", "OPTIONS")
_READ_BY_POST = ("/v1/feed", "/v1/rank")
_LANES = {
    _EVENTS: "events",
    "/v1/search": "searches",
    "/search": "searches",
    "/api/papers/search": "searches",
    "/v1/people/export": "workers",
}
_LANES_BY_END = {"/votes/explain": "explanations", "/export": "workers"}


def lane_of(method: str, path: str) -> str:
    """Return the lane of a request."""
    is_read = method in _READS
    if path == _EVENTS and is_read:
        return "workers"  # who have the archive
    if path in _LANES:
        return _LANES[path]
    if not is_read and path not in _READ_BY_POST:
        return "writes"
    return next((lane for end, lane in _LANES_BY_END.items() if path.endswith(end)), "lists")


class Lane:
    """Lets in so many requests of a kind at a time."""

    def __init__(self, name: str, rule: Rule) -> None:
        self._rule = rule
        self._refused = SHED.labels(name)
        self._free = rule.places
        self._line: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._crowded_until_s = float("-inf")
        self._is_swept = False

    @property
    def n_inside(self) -> int:
        """How many are worked on."""
        return self._rule.places - self._free

    async def enter(self) -> bool:
        """Wait to be let in; return whether that came about. Whoever was let in has to `leave`."""
        if self._free > 0:
            self._take()
            return True
        loop, rule = asyncio.get_running_loop(), self._rule
        now_s = loop.time()
        if len(self._line) >= rule.crowd or (
            rule.few is not None and now_s < self._crowded_until_s
        ):
            if rule.few is None:
                self._shed()
                return False
            while len(self._line) >= rule.few:
                self._refuse_first(now_s)
        given: asyncio.Future[bool] = loop.create_future()
        self._line.append((now_s, given))
        if not self._is_swept:
            self._is_swept = True
            loop.call_later(_SWEEP_S, self._sweep)
        try:
            return await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled() and given.result():
                self.leave()  # let in in the same instant
            raise

    def leave(self) -> None:
        """Give a place back, and let the next one in."""
        self._free += 1
        is_crowded = asyncio.get_running_loop().time() < self._crowded_until_s
        while self._free > 0 and self._line:
            _, given = self._line.pop() if is_crowded else self._line.popleft()
            if not given.done():  # whoever asked may have gone
                self._take()
                given.set_result(True)

    def _take(self) -> None:
        self._free -= 1

    def _sweep(self) -> None:
        """Refuse who has waited for too long; one look for all of them."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while self._line and now_s - self._line[0][0] >= self._rule.longest_s:
            self._refuse_first(now_s)
        self._is_swept = bool(self._line)
        if self._is_swept:
            loop.call_later(_SWEEP_S, self._sweep)

    def _refuse_first(self, now_s: float) -> None:
        _, given = self._line.popleft()
        if not given.done():
            given.set_result(False)
            self._crowded_until_s = (
                now_s + self._rule.calm_s if self._rule.few is not None else now_s
            )
            self._shed()

    def _shed(self) -> None:
        self._refused.inc()


class Gate:
    """The lanes of a process."""

    def __init__(self) -> None:
        self._lanes = {name: Lane(name, rule) for name, rule in RULES.items()}
        # Counted when somebody asks: at each request it would be a tenth of what letting one in takes.
        WORKED_ON.set_function(lambda: sum(lane.n_inside for lane in self._lanes.values()))

    def lane(self, method: str, path: str) -> Lane:
        """Return the lane of a request."""
        return self._lanes[lane_of(method, path)]


def is_probe(path: str) -> bool:
    """Return whether a path is asked to learn how the process is."""
    return path.startswith(_PROBES)


async def refuse(send: Send) -> None:
    """Answer that there is too much to do."""
    start: Any = {"type": "http.response.start", "status": 503, "headers": _HEADERS}
    body: Any = {"type": "http.response.body", "body": _BODY, "more_body": False}
    await send(start)
    await send(body)
