"""The door to httpx: how connections are kept, what its exceptions mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from recsvc.client.calls import Call
from recsvc.client.errors import TimedOutError, UnreachableError

T = TypeVar("T")

DEFAULT_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 2.0
_CONNECTIONS = 100
# Shorter than servers and proxies keep an idle connection: the next call does not find it closed.
_IDLE_S = 15.0


def options(url: str, key: str | None, timeout_s: float) -> dict[str, Any]:
    """Return how to open an httpx client."""
    headers = {"User-Agent": "recsvc-client", "Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return {
        "base_url": url.rstrip("/"),
        "headers": headers,
        "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_TIMEOUT_S)),
        "limits": httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_S,
        ),
    }


def request(call: Call[Any]) -> dict[str, Any]:
    """Return what to send."""
    made: dict[str, Any] = {"method": call.method, "url": call.path, "params": list(call.params)}
    if (content := call.body()) is not None:
        made |= {"content": content, "headers": {"Content-Type": "application/json"}}
    return made


def answer(call: Call[T], response: httpx.Response) -> T:
    """Return what came back, or raise what it means."""
    return call.read(response.status_code, response.content, response.headers.get("retry-after"))


@contextmanager
def translated() -> Iterator[None]:
    """Turn httpx's exceptions into ours."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
        raise UnreachableError(f"the service cannot be reached: {exc}", was_sent=False) from exc
    except httpx.TimeoutException as exc:
        raise TimedOutError("the service did not answer in time") from exc
    except httpx.TransportError as exc:
        raise UnreachableError(f"the connection broke: {exc}", was_sent=True) from exc
