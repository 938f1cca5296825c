"""Readers over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, cast

import msgspec
from litestar import Request, Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath
from litestar.response import Stream

from recsvc.api.http.door import caller_of, visit_of
from recsvc.api.http.path_ids import path_id, raw_path
from recsvc.api.services import Services
from recsvc.api.v1.erasures import ErasureAnswer, answer
from recsvc.clock import from_us, now_us
from recsvc.core.access.caller import ADMIN, OWN
from recsvc.core.readers.profile import Interaction
from recsvc.errors import NotFoundError

_PREFIX = "/v1/users/"
_EXPORT = "/export"
# In requests: one looks at every item's votes and at the whole archive.
EXPORT_COST = 30
_NDJSON = "application/x-ndjson"


class SignalAnswer(msgspec.Struct, frozen=True):
    """How often a reader did something, and how much."""

    count: int
    value: float
    last_at: datetime


class InteractionAnswer(msgspec.Struct, frozen=True):
    """All that a reader did to one item that still stands."""

    item: str
    states: dict[str, datetime]
    signals: dict[str, SignalAnswer]


class UserAnswer(msgspec.Struct, frozen=True):
    """A reader's profile, latest interaction first."""

    id: str
    interactions: list[InteractionAnswer]


@get("/v1/users/{user_id:path}", operation_id="getUser", tags=["users"], access=OWN)
async def get_user(
    user_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[UserAnswer]:
    """What is known of a reader."""
    if raw_path(request).endswith(_EXPORT.encode()):
        return cast("Response[UserAnswer]", await _own_export(request, services))
    identity = caller_of(request).own(path_id(request, _PREFIX))
    profile, _ = await services.profiles.read(identity)
    if profile.is_empty:
        raise NotFoundError(f"nothing is known of user {identity!r}")
    standing = [i for i in profile.interactions if i.is_acted_on]
    standing.sort(key=lambda i: (-i.last_us, i.item))
    return Response(UserAnswer(identity, [_answer(i) for i in standing]))


@delete(
    "/v1/users/{user_id:path}",
    operation_id="eraseUser",
    tags=["users"],
    status_code=202,
    access=ADMIN,
)
async def erase_user(
    user_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[ErasureAnswer]:
    """Erase a reader: forgotten at once, gone from log, archive and boards when `state` is `done`.

    `Location` says where to ask. What arrives for the same id later starts afresh.
    """
    if raw_path(request).endswith(_EXPORT.encode()):
        # And not the erasure of somebody called `…/export`.
        raise MethodNotAllowedException(headers={"Allow": "GET, OPTIONS"})
    identity = path_id(request, _PREFIX)
    proof = await services.erasures.request(identity, now_us())
    return Response(answer(proof), headers={"Location": f"/v1/erasures/{proof.id}"})


@get(
    "/v1/users/{user_id:str}/export",
    operation_id="exportUser",
    tags=["users"],
    access=OWN,
    media_type=_NDJSON,
    opt={"problems": (404, 409)},
)
async def export_user(
    user_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Stream:
    """Everything stored of a reader, a JSON object per line; without the last, of type `end`, not all.

    An id that itself ends in `/export` has its last `/` as `%2F`.
    """
    # In truth such calls arrive at `getUser`, whose path takes slashes and therefore everything.
    return await _own_export(request, services)


async def _own_export(request: Request[Any, Any, Any], services: Services) -> Stream:
    services.admission.charge(visit_of(request), EXPORT_COST - 1)
    return await exported(services, caller_of(request).own(path_id(request, _PREFIX, _EXPORT)))


async def exported(services: Services, identity: str, network: str | None = None) -> Stream:
    """Return everything stored of a reader, as it comes from the worker.

    Args:
        network: of a reader for whom nobody vouches, what stands for where they are.

    Raises:
        ConflictError: when the reader is being erased.
        LimitedError: while another one is under way.
        StoreUnavailableError: when no worker answers.
    """
    asked = await services.exports.request(identity, now_us(), network)
    pieces = services.exports.read(asked)
    # The first piece decides: without a worker, or with an erasure asked for beside it, the answer is an
    # error and not half an export.
    first = await anext(pieces, b"")

    async def lines() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    # Litestar 2.25 lets the handler's media type win over the response's, not over a header.
    disposition = "attachment; filename=export.ndjson"
    return Stream(lines(), headers={"Content-Type": _NDJSON, "Content-Disposition": disposition})


def _answer(interaction: Interaction) -> InteractionAnswer:
    states = {name: from_us(at) for name, at in interaction.states.items() if at > 0}
    signals = {
        name: SignalAnswer(n, milli / 1000, from_us(last))
        for name, (n, milli, last) in interaction.signals.items()
    }
    return InteractionAnswer(interaction.item, states, signals)


router = Router("/", route_handlers=[get_user, erase_user, export_user], opt={"problems": (404,)})
