"""The reader of our own pages: known by a cookie that only we make and read, whatever a page says."""

import secrets
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from recsvc.api.http.door import OWNER_COOKIE, visit_of
from recsvc.api.services import Services
from recsvc.clock import DAY_S
from recsvc.core.access.caller import ANONYMOUS
from recsvc.errors import NotAllowedError

_NAME = "recsvc_reader"
_PURPOSE = "reader-cookie"
_YEAR_S = 365 * DAY_S
_VISITOR = "visitor-"


def reader_of(
    request: Request[Any, Any, Any], services: Services, claimed: str | None = None
) -> str | None:
    """Return the reader whom a page is for; None for somebody unknown.

    Args:
        claimed: who the address or the form says it is; believed only of the service's owner,
            while no key exists.
    """
    if claimed is not None and services.admission.speaks_for(visit_of(request).head):
        return claimed
    cookie = request.cookies.get(_NAME)
    if cookie is None:
        return None
    try:
        known = msgspec.convert(services.signatures.reveal(_PURPOSE, cookie), str)
    except (NotAllowedError, msgspec.ValidationError):
        return None
    if known.startswith(_VISITOR) and not services.admission.is_open:
        return ANONYMOUS + known  # met while there was no key: nobody vouches for them now
    return known


async def network_of(request: Request[Any, Any, Any], services: Services) -> str | None:
    """Return what stands for a visitor's network; None while the service is its owner's own."""
    if services.admission.is_open:
        return None
    return await services.network(visit_of(request).head)


def met_here(user: str) -> bool:
    """Return whether a reader was met on our own pages, and is not somebody of the host's."""
    return user.removeprefix(ANONYMOUS).startswith(_VISITOR)


def newcomer(services: Services) -> str:
    """Return an id for somebody whom a page does not know yet.

    Nobody vouches for them once there are keys: whoever drops the cookie is somebody else, so that
    their votes must not count on boards.
    """
    prefix = "" if services.admission.is_open else ANONYMOUS
    return f"{prefix}{_VISITOR}{secrets.token_urlsafe(12)}"


def remembering(services: Services, user: str) -> Cookie:
    """Return the cookie that names a reader."""
    is_https = services.settings.public_url.startswith("https://")
    return _cookie(services.signatures.conceal(_PURPOSE, user), _YEAR_S, is_https)


def forgetting() -> Cookie:
    """Return the cookie that names nobody any more."""
    return _cookie("", 0)


def owning(token: str) -> Cookie:
    """Return the cookie by which the owner's browser is known again."""
    return _cookie(token, _YEAR_S, name=OWNER_COOKIE)


def _cookie(value: str, max_age_s: int, is_https: bool = False, name: str = _NAME) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=max_age_s,
        path="/",
        secure=is_https,
        httponly=True,
        samesite="lax",
    )
