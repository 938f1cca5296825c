"""Connections: one place where Redis is opened, its protocol pinned and its errors translated."""

import contextlib
from collections.abc import Iterator
from typing import Any

import redis.asyncio
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    RedisError,
    TimeoutError,
)
from redis.retry import Retry

from recsvc.errors import StoreError, StoreUnavailableError

Redis = redis.asyncio.Redis

# RESP3 everywhere: HGETALL and XREADGROUP answer with other shapes under RESP2.
_PROTOCOL = 3
_UNAVAILABLE = (ConnectionError, TimeoutError, BusyLoadingError, OSError)


def _options(timeout_s: float) -> dict[str, Any]:
    # No silent retries below us: whoever sends an event must know that its fate is unknown.
    return {
        "protocol": _PROTOCOL,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": 2.0,
        "retry": Retry(NoBackoff(), 0),
    }


def connect(url: str, timeout_s: float = 10.0) -> Redis:
    """Return an asyncio client; it connects when first used."""
    return redis.asyncio.from_url(url, **_options(timeout_s))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise the service's own errors instead of redis-py's.

    Raises:
        StoreUnavailableError: when Redis does not answer.
        StoreError: when it answers with an error.
    """
    try:
        yield
    except _UNAVAILABLE as exc:
        raise StoreUnavailableError(f"the store does not answer: {exc}") from exc
    except RedisError as exc:
        raise StoreError(str(exc)) from exc


async def is_answering(url: str) -> bool:
    """Return whether a server answers there, or would if it were not still loading its log."""
    client = connect(url, timeout_s=2.0)
    try:
        await client.ping()
    except BusyLoadingError:
        return True
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
    return True
