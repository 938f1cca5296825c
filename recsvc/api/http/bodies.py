"""Bodies: received by a deadline, within a bound on all of them, and without a place at work.

Whoever sends slowly, or never to the end, holds nobody up: while a body is on its way its request gives
its place among those that are worked on to others. What has come of all bodies is bounded in each
process; a body that says that it is large has its room before it is read, so that a hundred at once are
not all read halfway. The rest is told to come back, before anything of it was done.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, cast

from litestar.types import Receive, Scope
from prometheus_client import Gauge

from recsvc.api.http.metrics import registry
from recsvc.api.http.overload import SHED, Lane
from recsvc.errors import CrowdedError, InvalidError, TooSlowError

HELD = Gauge("recsvc_body_bytes", "Bytes of request bodies that are held.", registry=registry)

_GRACE_S = 10.0
SLOWEST_BYTES_S = 16_384  # beyond the grace a body comes at least as fast
DRAINED = 4  # times the largest body: what is refused is read so far, and dropped
_SOON_S = 0.02
_SMALL_BYTES = 65_536  # of such a body what has come counts, of a larger one all that it says it is
_BODY = "recsvc_body"


class Bodies:
    """The bodies of one process.

    Args:
        ceiling_bytes: what may be held of all of them.
        max_bytes: the largest body that is taken; what goes beyond is dropped and not held.
        grace_s: seconds that any body may take.
    """

    def __init__(self, ceiling_bytes: int, max_bytes: int, grace_s: float = _GRACE_S) -> None:
        self.max_bytes = max_bytes
        self.grace_s = grace_s
        self._ceiling = max(ceiling_bytes, max_bytes)
        self._held = 0

    def hold(self, n: int) -> None:
        """Take room.

        Raises:
            CrowdedError: when there is not enough.
        """
        if n > 0 and self._held + n > self._ceiling:
            SHED.labels("bodies").inc()
            raise CrowdedError("too much is being sent just now: come back in a moment")
        self._held += n
        HELD.set(self._held)


class Body:
    """The body of one request: what its application calls to receive it.

    Attributes:
        is_outside: whether it gave its place at work to others; then it has none to leave.
    """

    def __init__(self, bodies: Bodies, lane: Lane, scope: Scope, receive: Receive) -> None:
        self.is_outside = False
        self._bodies = bodies
        self._lane = lane
        headers = dict(scope["headers"])
        self._announced = announced(headers)
        self._is_none = not self._announced and b"transfer-encoding" not in headers
        self._receive = receive
        self._begun_s = asyncio.get_running_loop().time()
        self._n = self._held = 0
        self._is_whole = False
        cast("dict[str, Any]", scope)[_BODY] = self

    async def __call__(self) -> Any:
        """Return the next part (ASGI); after the last, what the server says then.

        Raises:
            TooSlowError: when it does not come in time.
            InvalidError: when it ends before its end, or its parts are framed wrongly.
            CrowdedError: when there is no room for it, or too much to do when it is whole.
        """
        if self._is_whole:
            return await self._receive()
        message = await self._part()
        if message["type"] == "http.disconnect":  # whoever left is no fault of ours
            raise InvalidError("the body ended early", "body")
        try:
            self.hold(self._wanted() - self._held)
        except CrowdedError:
            if message.get("more_body"):
                await self.drop()
            raise
        if not message.get("more_body"):
            self._is_whole = True
            await self.step_in()
        return message

    def hold(self, n: int) -> None:
        """Take room for more: of what is sent, or of what comes out of it.

        Raises:
            CrowdedError: when there is not enough.
        """
        if n:
            self._bodies.hold(n)
        self._held += n

    def release(self) -> None:
        """Give all room back."""
        self._bodies.hold(-self._held)
        self._held = 0

    async def drop(self) -> None:
        """Read the rest of what is refused, in time: an answer that comes before is lost on many."""
        if self._is_none:
            return
        with contextlib.suppress(TooSlowError):
            while self._n <= DRAINED * self._bodies.max_bytes:
                if not (await self._part()).get("more_body"):
                    return

    def _wanted(self) -> int:
        """Return how much room the body needs by now; no more where it is not taken anyway."""
        size = self._n if self._announced <= _SMALL_BYTES else max(self._n, self._announced)
        return size if size <= self._bodies.max_bytes else self._held

    async def _part(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        soon = None if self.is_outside else loop.call_later(_SOON_S, self.step_out)
        try:
            async with asyncio.timeout_at(
                self._begun_s + self._bodies.grace_s + self._n / SLOWEST_BYTES_S
            ):
                message = cast("dict[str, Any]", await self._receive())
                self._n += len(message.get("body", b""))
                return message
        except TimeoutError:
            raise TooSlowError("the body did not come in time", "body") from None
        finally:
            if soon is not None:
                soon.cancel()

    def step_out(self) -> None:
        """Give the place at work to others."""
        if not self.is_outside:
            self.is_outside = True
            self._lane.leave()

    async def step_in(self) -> None:
        """Take a place again.

        Raises:
            CrowdedError: when there is none in time.
        """
        if self.is_outside:
            if not await self._lane.enter():
                raise CrowdedError("too much to do just now: come back in a moment")
            self.is_outside = False


def body_in(scope: Scope) -> Body | None:
    """Return a request's body; None where it was not received through here."""
    return cast("Body | None", scope.get(_BODY))


def announced(headers: Mapping[bytes, bytes]) -> int:
    """Return how large a body says it is, by the head of its request; 0 where it does not."""
    text = headers.get(b"content-length", b"")
    return int(text[:15]) if text.isdigit() else 0
