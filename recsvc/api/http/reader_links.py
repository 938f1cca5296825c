"""Links by which another browser becomes a reader: what is in them, and how long they are good."""

import msgspec

from recsvc.api.services import Services
from recsvc.clock import MINUTE_US, now_us
from recsvc.errors import ExpiredError, NotAllowedError
from recsvc.store.access.signatures import Signatures

VALID_MINUTES = 15
_PURPOSE = "reader-link"


def link_for(services: Services, user: str) -> str:
    """Return the address by which another browser becomes a reader."""
    link = link_text(services.signatures, user, now_us())
    return f"{services.settings.site_url}/you/join?link={link}"


def link_text(signs: Signatures, user: str, now_us: int) -> str:
    """Return what of such an address nobody else can make or read."""
    return signs.conceal(_PURPOSE, [user, now_us + VALID_MINUTES * MINUTE_US])


def reader_in(signs: Signatures, link: str, now_us: int) -> str:
    """Return the reader whom a link carries over.

    Raises:
        NotAllowedError: when it was not made here.
        ExpiredError: when its time is over.
    """
    try:
        user, until_us = msgspec.convert(signs.reveal(_PURPOSE, link), tuple[str, int])
    except msgspec.ValidationError:
        raise NotAllowedError("this link is not valid") from None
    if now_us >= until_us:
        raise ExpiredError(f"this link was good for {VALID_MINUTES} minutes; make another")
    return user
