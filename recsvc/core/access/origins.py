"""Origins: scheme, host and port, compared as a whole and never by pattern.

A pattern that is not anchored lets `https://good.example.evil.com` pass for `https://good.example`;
comparing whole strings cannot.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from recsvc.errors import InvalidError

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Exactly what a browser sends: ASCII (names in other scripts as punycode), no user, path or query.
_SHAPE = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?\Z")


def parse_origin(text: str) -> str:
    """Return an origin as browsers write it: in lower case, without its scheme's own port.

    Raises:
        InvalidError: when it is not an origin: a pattern, a path, `null`.
    """
    found = _SHAPE.match(text.strip().lower())
    if found is None:
        raise InvalidError(
            f"{text[:100]!r} is not an origin such as https://papers.example.org", "origins"
        )
    scheme, host, port = found[1], found[2], found[3]
    if port is None or int(port) == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}"


def parse_origins(text: str) -> frozenset[str]:
    """Return the origins in a text, between spaces or commas."""
    return frozenset(parse_origin(part) for part in re.split(r"[\s,]+", text.strip()) if part)


def host_of(origin: str) -> str:
    """Return host and port of an origin, as a `Host` header has them."""
    return origin.partition("://")[2]


@lru_cache(1024)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address, with or without a port, is this machine itself."""
    if "@" in host:
        return False  # nothing that a browser sends
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in ("localhost", "::1") or name.endswith(".localhost"):
        return True
    return re.fullmatch(r"127(\.[0-9]{1,3}){3}", name) is not None
