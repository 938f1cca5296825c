"""The reader of our own pages: known by a signed cookie, whatever a page or an address says."""

import secrets
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from recsvc.api.services import Services
from recsvc.core.access.caller import ANONYMOUS
from recsvc.errors import NotAllowedError

_NAME = "recsvc_reader"
_PURPOSE = "reader-cookie"
_YEAR_S = 365 * 86_400


def reader_of(
    request: Request[Any, Any, Any], services: Services, claimed: str | None = None
) -> str | None:
    """Return the reader whom a page is for; None for somebody unknown.

    Args:
        claimed: who the address or the form says it is; believed only while no key exists and
            therefore anybody on this machine may speak for anybody.
    """
    if claimed is not None and services.admission.is_open:
        return claimed
    cookie = request.cookies.get(_NAME)
    if cookie is None:
        return None
    try:
        return msgspec.convert(services.signatures.read(_PURPOSE, cookie), str)
    except (NotAllowedError, msgspec.ValidationError):
        return None


def newcomer(services: Services) -> str:
    """Return an id for somebody whom a page does not know yet.

    Nobody vouches for them once there are keys: whoever drops the cookie is somebody else, so that
    their votes must not count on boards.
    """
    prefix = "" if services.admission.is_open else ANONYMOUS
    return f"{prefix}visitor-{secrets.token_urlsafe(12)}"


def remembering(services: Services, user: str) -> Cookie:
    """Return the cookie that names a reader."""
    is_https = services.settings.public_url.startswith("https://")
    return _cookie(services.signatures.sign(_PURPOSE, user), _YEAR_S, is_https)


def forgetting() -> Cookie:
    """Return the cookie that names nobody any more."""
    return _cookie("", 0)


def _cookie(value: str, max_age_s: int, is_https: bool = False) -> Cookie:
    return Cookie(
        key=_NAME,
        value=value,
        max_age=max_age_s,
        path="/",
        secure=is_https,
        httponly=True,
        samesite="lax",
    )
