"""Quick answers: what is at hand is sent without what a framework does to find out what was asked.

Reading and checking a query, and making an answer of what a handler returns, takes more than finding a
list that is kept. So a route may say what answers it quickly, if anything can. It is asked once the
caller is admitted, and only where the same query was read, checked and answered in full before: what is
wrong is found and refused at one place. Headers, compression and errors are those of every answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from litestar.types import Scope, Send

from recsvc.api.services import Services
from recsvc.core.access.caller import Caller

# May have nothing at hand, and answers None.
Answering = Callable[[Services, Caller, Any], Awaitable[msgspec.Struct | None]]

_OPT = "quick"
_REMEMBERED = 4_096
_LONGEST = 512

_encode = msgspec.json.Encoder().encode


class Quick:
    """What answers a route quickly: `quick=Quick(…)` among its options.

    Args:
        answering: given what the handler would be given as `asked`.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._asked: dict[bytes, msgspec.Struct] = {}

    def remember(self, query: bytes, asked: msgspec.Struct) -> None:
        """Note what a query says, those noted first going when there are too many."""
        if len(query) <= _LONGEST and query not in self._asked:
            self._asked[query] = asked
            if len(self._asked) > _REMEMBERED:
                del self._asked[next(iter(self._asked))]

    async def answer(self, query: bytes, services: Services, caller: Caller) -> bytes | None:
        """Return the body of an answer; None where the route itself has to make it."""
        asked = self._asked.get(query)
        if asked is None:
            return None
        found = await self._answering(services, caller, asked)
        return None if found is None else _encode(found)


def learn(scope: Scope, asked: msgspec.Struct) -> None:
    """Have a route's quick way remember what a query says that was read and checked."""
    quick: Quick | None = cast("Any", scope)["route_handler"].opt.get(_OPT)
    if quick is not None:
        quick.remember(cast("Any", scope)["query_string"], asked)


async def is_answered(scope: Scope, send: Send, services: Services, caller: Caller) -> bool:
    """Answer a request quickly, if its route can; return whether that was done."""
    quick: Quick | None = cast("Any", scope)["route_handler"].opt.get(_OPT)
    if quick is None:
        return False
    body = await quick.answer(cast("Any", scope)["query_string"], services, caller)
    if body is None:
        return False
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return True
