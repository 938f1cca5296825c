"""How the owner's browser gets in while no key exists: by the address that `recsvc up` prints."""

from typing import Annotated, Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from recsvc.api.http.door import visit_of
from recsvc.api.http.visitor import owning
from recsvc.api.services import Services
from recsvc.core.access.caller import PUBLIC
from recsvc.errors import NotAllowedError

PATH = "/owner"


@get(PATH, include_in_schema=False)
async def come_in(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    token: Annotated[str, QueryParameter(max_length=200)],
) -> Redirect:
    """Keep the access token in the browser, and lead on without it in the address."""
    if not services.admission.welcomes(token, visit_of(request).head):
        raise NotAllowedError("this is not the address that `recsvc up` printed last")
    return Redirect("/", status_code=303, cookies=[owning(token)])


router = Router("/", route_handlers=[come_in], opt={"access": PUBLIC})
