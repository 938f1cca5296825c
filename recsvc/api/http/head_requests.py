"""HEAD wherever there is GET: the same head and no body (RFC 9110, section 9.3.2).

Monitors, link checkers and feed readers ask so.
"""

from typing import Any

from litestar import Litestar
from litestar.types import Message, Send

from recsvc.api.http.overload import Gate, is_probe, refuse


class App(Litestar):
    """The application, answering HEAD as it would GET, and no more at a time than it can."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._gate = Gate()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a connection (ASGI 3)."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        if scope["type"] != "http" or is_probe(scope["path"]):
            await super().__call__(scope, receive, send)
        elif await self._gate.enter(scope["path"]):
            try:
                await super().__call__(scope, receive, send)
            finally:
                self._gate.leave()
        else:
            await refuse(send)


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed
