"""The store's policy: whether a server's settings let it keep what we promise to keep.

Profiles, the ids of events seen and leases have a time to live, and everything else has none: a server
that evicts either kind when it is full would bring hidden items back and count a repeated event twice,
silently. So it must not evict at all; a full store then refuses writes, which everybody notices.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from redis.exceptions import ResponseError

from recsvc.errors import SettingsError
from recsvc.store.addresses import every_node
from recsvc.store.connection import Redis, translated

log = structlog.get_logger()

Config = Mapping[Any, Any]

_OLDEST_REDIS, _OLDEST_VALKEY = (7, 0), (7, 2)


async def check(redis: Redis) -> str | None:
    """Look at a server before it is relied on; return what is risky, and log it.

    Its configuration is looked at where that is permitted.

    Raises:
        SettingsError: when it is too old, or would evict keys.
        StoreUnavailableError: when it does not answer.
    """
    with translated():
        nodes = await every_node(redis)
    risks = [await _check(redis, node) for node in nodes]
    return next(filter(None, risks), None)


async def _check(redis: Redis, node: dict[str, Any]) -> str | None:
    with translated():
        server = await redis.info("server", **node)
        try:
            config: Config = await redis.config_get(
                "maxmemory-policy", "appendonly", "save", **node
            )
        except ResponseError:  # hosted servers often forbid it
            config = {}
    problem = too_old(server) or evicts(config)
    if "cluster" in (server.get("redis_mode"), server.get("server_mode")) and not node:
        problem = "the store is a node of a cluster: write its address as redis+cluster://host:port"
    if problem is not None:
        raise SettingsError(problem)
    if risk := forgets(config):
        log.warning("store_forgets", risk=risk)
    return risk


def too_old(server: dict[str, Any]) -> str | None:
    """Return why a server's version will not do, if so.

    Args:
        server: that section of its INFO. Valkey calls itself Redis 7.2 there, too.
    """
    name, oldest = "Redis", _OLDEST_REDIS
    version = str(server.get("redis_version", ""))
    if "valkey_version" in server:
        name, oldest, version = "Valkey", _OLDEST_VALKEY, str(server["valkey_version"])
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if len(numbers) < 2 or tuple(numbers) >= oldest:  # an unknown numbering is given a chance
        return None
    return f"the store is {name} {version}; recsvc needs Redis >= 7 or Valkey >= 7.2"


def evicts(config: Config) -> str | None:
    """Return what to change in a server that forgets keys when it is full; None if it does not."""
    policy = str(config.get("maxmemory-policy", "noeviction"))
    if policy == "noeviction":
        return None
    lost = "anything" if policy.startswith("allkeys") else "readers' profiles"
    return (
        f"the store's maxmemory-policy is {policy}: when it is full it would forget {lost} "
        "silently; set maxmemory-policy noeviction"
    )


def forgets(config: Config) -> str | None:
    """Return what is lost when a server ends that does not log its writes; None if it does."""
    if str(config.get("appendonly", "yes")) == "yes":
        return None
    if config.get("save"):
        return "what came since its last dump is lost when it ends: set appendonly yes"
    return "nothing is kept when it ends: set appendonly yes"
