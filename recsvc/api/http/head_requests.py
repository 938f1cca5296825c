"""HEAD wherever there is GET: the same head and no body (RFC 9110, section 9.3.2).

Monitors, link checkers and feed readers ask so.
"""

from typing import Any

from litestar import Litestar
from litestar.types import Message, Send

from recsvc import tracing
from recsvc.api.http import hosts
from recsvc.api.http.bodies import Bodies, Body
from recsvc.api.http.overload import Gate, Lane, is_probe, refuse
from recsvc.api.http.path_slashes import kept_apart
from recsvc.places import place


class App(Litestar):
    """The application, answering HEAD as it would GET, and no more at a time than it can."""

    def __init__(self, bodies: Bodies, names_below: str, **options: Any) -> None:
        super().__init__(**options)
        self._names_below = names_below
        self._bodies = bodies
        self._gate = Gate()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a connection (ASGI 3)."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        if scope["type"] == "http":
            if hosts.is_named_wrongly(scope["headers"]):
                await hosts.refuse(send)
                return
            scope = kept_apart(scope, self._names_below)
        if scope["type"] != "http" or is_probe(scope["path"]):
            await super().__call__(scope, receive, send)
        else:
            lane = self._gate.lane(scope["method"], scope["path"])
            body = Body(self._bodies, lane, scope, receive)
            body.is_outside = not await lane.enter()
            await self._work(scope, body, lane, send)

    async def _work(self, scope: Any, body: Body, lane: Lane, send: Any) -> None:
        """Answer a request, or refuse it where no place was left for it."""
        try:
            if body.is_outside:
                await body.drop()
                await refuse(send)
            else:
                place.set(body)
                with tracing.request(scope["method"], scope["headers"]):
                    await super().__call__(scope, body, send)
        finally:
            body.release()
            if not body.is_outside:
                lane.leave()


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed
