"""Connections: one place where Redis is opened, its protocol pinned and its errors translated."""

import contextlib
from collections.abc import Iterator
from typing import Any

from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisClusterException,
    RedisError,
    TimeoutError,
    TryAgainError,
)
from redis.retry import Retry

from recsvc.errors import StoreError, StoreRefusesError, StoreSilentError
from recsvc.secret import Secret
from recsvc.store import keys
from recsvc.store.addresses import Redis as Redis
from recsvc.store.addresses import client_of, parsed
from recsvc.store.refusals import REASONS, reason_of, refusals

# RESP3 everywhere: HGETALL and XREADGROUP answer with other shapes under RESP2.
_PROTOCOL = 3
_UNAVAILABLE = (ConnectionError, TimeoutError, OSError)
# A cluster on its way: a node was lost and none stands in for it yet, or slots are moving.
_MOVING = (RedisClusterException, ClusterDownError, TryAgainError, MovedError, AskError)


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
    return client_of(url, _options(timeout_s))


def check_address(url: Secret) -> None:
    """Refuse what no client can be made for; nothing is connected. The text may hold a password.

    Raises:
        ValueError: saying so.
    """
    if not url.reveal():
        return
    try:
        client = connect(url.reveal())
        if parsed(url.reveal()) is None:
            pool: Any = client.connection_pool
            pool.make_connection()
    except (ValueError, TypeError):
        raise ValueError("not an address such as redis://host:6379/0") from None


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise the service's own errors instead of redis-py's.

    Raises:
        StoreSilentError: when Redis does not answer; a write may have happened.
        StoreRefusesError: when it answers that it will not for now; nothing was written.
        StoreError: when it answers with an error.
    """
    try:
        yield
    except (RedisError, RedisClusterException, OSError) as exc:
        raise _translation(exc) from exc


def _translation(exc: Exception) -> StoreError:
    reason = reason_of(exc) if isinstance(exc, RedisError) else None
    if isinstance(exc, RedisError) and reason is not None:
        refusals.note(reason, exc)
        return StoreRefusesError(f"the store refuses: {REASONS[reason]} ({reason})")
    if isinstance(exc, (*_UNAVAILABLE, *_MOVING)):
        return StoreSilentError(str(exc))
    return StoreError(str(exc))


async def look_whether_it_accepts(redis: Redis) -> None:
    """Find out whether a store that refused takes writes again; elsewhere it is not asked.

    Writing nothing at the start of a value changes nothing, and is refused as any write is.
    """
    if not refusals.may_be_over:
        return
    with contextlib.suppress(RedisError, OSError):  # it does not
        await redis.setrange(keys.CATALOGUE, 0, "")
        refusals.end()


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
