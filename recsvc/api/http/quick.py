"""Quick answers: what is asked again is answered without what a framework does to find out what it is.

Reading and checking a query, and making an answer of what a handler returns, takes more than finding a
list that is kept, or than taking an event. A route may leave that out where the same query was read and
checked before: what is wrong is found and refused at one place. Headers, compression and errors are
those of every answer.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.types import Scope, Send

from recsvc.access.admission import Visit
from recsvc.api.services import Services

# What its handler does, given what that gets as `asked`.
Answering = Callable[[Services, Visit, Any], Awaitable[msgspec.Struct]]
# What the handler of a route does that is asked with a body, and whose query is empty.
Taking = Callable[[Services, Visit, Request[Any, Any, Any]], Awaitable[msgspec.Struct]]

_OPT = "quick"
_REMEMBERED = 4_096
_LONGEST = 512

_encode = msgspec.json.Encoder().encode


class Quick:
    """How a route answers, and which queries it has read: `quick=Quick(…)` among its options."""

    status = 200

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        # Whose first is found at once, however many went before it.
        self._asked: OrderedDict[bytes, msgspec.Struct] = OrderedDict()

    def knows(self, query: bytes) -> bool:
        """Return whether a query was read and checked before."""
        return query in self._asked

    def remember(self, query: bytes, asked: msgspec.Struct) -> None:
        """Note what a query says, those noted first going when there are too many."""
        if len(query) <= _LONGEST and query not in self._asked:
            self._asked[query] = asked
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)

    async def answer(self, request: Request[Any, Any, Any], visit: Visit) -> msgspec.Struct:
        """Return what answers a request whose query is known."""
        asked = self._asked[request.scope["query_string"]]
        return await self._answering(request.app.state.services, visit, asked)


class QuickTaking:
    """The same of a route that takes a body."""

    def __init__(self, taking: Taking, status: int) -> None:
        self._taking = taking
        self.status = status

    def knows(self, query: bytes) -> bool:
        """Return whether there is nothing to read."""
        return not query

    async def answer(self, request: Request[Any, Any, Any], visit: Visit) -> msgspec.Struct:
        """Return what answers a request."""
        return await self._taking(request.app.state.services, visit, request)


def learn(scope: Scope, asked: msgspec.Struct) -> None:
    """Have a route remember what a query says that was read and checked."""
    quick = cast("Any", scope)["route_handler"].opt.get(_OPT)
    if isinstance(quick, Quick):
        quick.remember(cast("Any", scope)["query_string"], asked)


def quick_for(scope: Scope) -> Quick | QuickTaking | None:
    """Return what answers a request quickly; None where its query has yet to be read."""
    quick: Quick | QuickTaking | None = cast("Any", scope)["route_handler"].opt.get(_OPT)
    known = quick is not None and quick.knows(cast("Any", scope)["query_string"])
    return quick if known else None


async def answer(
    quick: Quick | QuickTaking, request: Request[Any, Any, Any], visit: Visit, send: Send
) -> None:
    """Answer a request."""
    body = _encode(await quick.answer(request, visit))
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": quick.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
