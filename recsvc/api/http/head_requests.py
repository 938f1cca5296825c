"""HEAD wherever there is GET: the same head and no body (RFC 9110, section 9.3.2).

Monitors, link checkers and feed readers ask so.
"""

from typing import Any

from litestar import Litestar
from litestar.types import Message, Send


class App(Litestar):
    """The application, answering HEAD as it would GET."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a connection (ASGI 3)."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        await super().__call__(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed
