"""Hosts: a name that no address can be made of is refused before anything makes one (RFC 9112, 3.2).

Here and not at the door: pages that say what went wrong name their own address, too.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.types import Send

_BODY = msgspec.json.encode(
    {
        "type": "about:blank",
        "title": "Bad request",
        "status": 400,
        "detail": "no address can be made of what this request says its host is",
        "field": "Host",
    }
)
_HEADERS = [
    (b"content-type", b"application/problem+json"),
    (b"content-length", str(len(_BODY)).encode()),
    (b"x-content-type-options", b"nosniff"),
]


def is_named_wrongly(headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether one of a request's hosts is none, such as one with a port beyond all ports."""
    return any(name == b"host" and not _makes_an_address(value) for name, value in headers)


async def refuse(send: Send) -> None:
    """Answer that it is."""
    start: Any = {"type": "http.response.start", "status": 400, "headers": _HEADERS}
    body: Any = {"type": "http.response.body", "body": _BODY, "more_body": False}
    await send(start)
    await send(body)


@lru_cache(1024)
def _makes_an_address(host: bytes) -> bool:
    try:
        _ = urlsplit(f"//{host.decode('latin-1')}/").port
    except ValueError:
        return False
    return True
