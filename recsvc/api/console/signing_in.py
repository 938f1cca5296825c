"""How a browser comes into the console, and leaves: by a secret key, or by the access token.

What the browser keeps of a key is a session that only this site reads and that ends with the key. Its
cookie is sent from pages of this site only, and counts on the console's only.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Meta

from recsvc.access.keyring import SESSION_S
from recsvc.api.console.page import PATH, sign_in
from recsvc.api.http.door import OWNER_COOKIE, SESSION_COOKIE, visit_of
from recsvc.api.http.visitor import owning
from recsvc.api.services import Services
from recsvc.core.access.caller import CONSOLE, LEAVING, PUBLIC


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody shows to be let in."""

    key: Annotated[str, Meta(max_length=500)]


@get(f"{PATH}/sign-in", include_in_schema=False, access=PUBLIC, sync_to_thread=False)
def ask(request: Request[Any, Any, Any]) -> Template:
    """Ask for a key, also of those who are let in without."""
    return sign_in(request, 200)


@post(f"{PATH}/sign-in", include_in_schema=False, access=PUBLIC)
async def come_in(
    data: URLEncodedBody[Shown],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Redirect:
    """Begin a session with a secret key of the scope `admin`, or keep the access token."""
    shown = data.key.strip()
    caller = services.admission.identify(shown, visit_of(request).head)
    caller.check(CONSOLE)
    if caller.key_id is None:
        cookie = owning(shown)
    else:
        cookie = _session(services, services.keyring.session(caller.key_id), SESSION_S)
    return Redirect(PATH, status_code=303, cookies=[cookie])


@post(f"{PATH}/sign-out", include_in_schema=False, access=LEAVING)
async def leave(services: NamedDependency[Services]) -> Redirect:
    """Forget what this browser kept."""
    gone = [_session(services, "", 0), Cookie(OWNER_COOKIE, path="/", value="", max_age=0)]
    return Redirect(PATH, status_code=303, cookies=gone)


def _session(services: Services, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE,
        value=value,
        max_age=max_age_s,
        path=PATH,
        secure=services.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )


router = Router("/", route_handlers=[ask, come_in, leave])
