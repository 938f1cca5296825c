"""People over HTTP: all that is kept of somebody, known by a reader's id or by an address, and its end.

Whoever subscribes need not be a reader. Addresses come in bodies, since paths end up in logs.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Meta

from recsvc.api.services import Services
from recsvc.api.v1.erasures import ErasureAnswer, answer
from recsvc.api.v1.users import EXPORT_COST, exported
from recsvc.clock import now_us
from recsvc.core.access.caller import ADMIN, EVERYBODY
from recsvc.core.ids import Id
from recsvc.errors import InvalidError


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody, by one of both."""

    user: Annotated[Id | None, Meta(description="Id of a reader.")] = None
    email: Annotated[
        Annotated[str, Meta(min_length=3, max_length=254)] | None,
        Meta(description="Address of a subscriber, who need not be a reader."),
    ] = None


@post(
    "/v1/people/export",
    operation_id="exportPerson",
    tags=["users"],
    status_code=200,
    access=EVERYBODY,
    media_type="application/x-ndjson",
    cost=EXPORT_COST,
    problems=(409,),
)
async def export_person(
    data: JSONBody[Person], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Stream:
    """Everything stored of somebody, a JSON object per line; without the last, `end`, not all."""
    return await exported(services, _named(data, services))


@post(
    "/v1/people/erase",
    operation_id="erasePerson",
    tags=["users"],
    status_code=202,
    access=ADMIN,
)
async def erase_person(
    data: JSONBody[Person], services: NamedDependency[Services]
) -> Response[ErasureAnswer]:
    """Erase somebody; `Location` says where to ask how far it is.

    By an address, its subscription and what was mailed go; a reader who has it is erased by id.
    """
    proof = await services.erasures.request(_named(data, services), now_us())
    return Response(answer(proof), headers={"Location": f"/v1/erasures/{proof.id}"})


def _named(data: Person, services: Services) -> str:
    """Return the name by which somebody is exported and erased.

    Raises:
        InvalidError: when it is not exactly one, or no address.
    """
    if (data.user is None) == (data.email is None):
        raise InvalidError("name a `user` or an `email`", "user")
    return data.user or services.subscribing.person(data.email or "")


router = Router("/", route_handlers=[export_person, erase_person])
