"""What a request's span says of it: its route and how it was answered, never its path."""

from typing import Any, cast

from litestar.types import HTTPScope, Message, Scope

from recsvc import tracing


async def note_answer(message: Message, scope: Scope) -> None:
    """Note it, as the head of an answer leaves."""
    if message["type"] == "http.response.start":
        route = cast("dict[str, Any]", scope).get("path_template", "")
        tracing.answered(cast("HTTPScope", scope)["method"], route, message["status"])
