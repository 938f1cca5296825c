"""Quick answers: what is asked again is answered without what a framework does to find out what it is.

Reading and checking a query, and making an answer of what a handler returns, takes more than finding a
list that is kept. A route may leave that out where the same query was read and checked before: what is
wrong is found and refused at one place. Headers, compression and errors are those of every answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from litestar.types import Scope, Send

from recsvc.access.admission import Visit
from recsvc.api.services import Services

Answering = Callable[[Services, Visit, Any], Awaitable[msgspec.Struct]]

_OPT = "quick"
_REMEMBERED = 4_096
_LONGEST = 512

_encode = msgspec.json.Encoder().encode


class Quick:
    """How a route answers, and which queries it has read: `quick=Quick(…)` among its options.

    Args:
        answering: what its handler does, given what that gets as `asked`.
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

    async def answer(self, query: bytes, services: Services, visit: Visit) -> bytes | None:
        """Return the body of an answer; None where the query has yet to be read."""
        asked = self._asked.get(query)
        return None if asked is None else _encode(await self._answering(services, visit, asked))


def learn(scope: Scope, asked: msgspec.Struct) -> None:
    """Have a route remember what a query says that was read and checked."""
    quick: Quick | None = cast("Any", scope)["route_handler"].opt.get(_OPT)
    if quick is not None:
        quick.remember(cast("Any", scope)["query_string"], asked)


async def is_answered(scope: Scope, send: Send, services: Services, visit: Visit) -> bool:
    """Answer a request whose query is known; return whether that was done."""
    quick: Quick | None = cast("Any", scope)["route_handler"].opt.get(_OPT)
    if quick is None:
        return False
    body = await quick.answer(cast("Any", scope)["query_string"], services, visit)
    if body is None:
        return False
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return True
