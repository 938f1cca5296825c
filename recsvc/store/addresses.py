"""Addresses of stores: one server, a cluster, or a server that sentinels name.

`redis://host:6379/0` and `unix://` are redis-py's own. `redis+cluster://a:7000,b:7000` names some nodes
of a cluster, which name the others; `redis+sentinel://a:26379,b:26379/name` names sentinels and whom
they watch. With `rediss` before the plus the connection is encrypted.
"""

from typing import Any, cast
from urllib.parse import unquote, urlsplit

import msgspec
import redis.asyncio
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.sentinel import Sentinel

from recsvc.store.cluster_client import Cluster

Redis = redis.asyncio.Redis

_PORTS = {"cluster": 6379, "sentinel": 26379}


class Address(msgspec.Struct, frozen=True):
    """What an address with several hosts says.

    Attributes:
        kind: `cluster` or `sentinel`.
        hosts: host and port of each.
        name: whom sentinels watch; empty for a cluster.
        credentials: user and password, as redis-py's arguments.
    """

    kind: str
    is_encrypted: bool
    hosts: tuple[tuple[str, int], ...]
    name: str
    credentials: dict[str, str]


def client_of(url: str, options: dict[str, Any]) -> Redis:
    """Return a client for an address; it connects when first used.

    Raises:
        ValueError: when it is no address.
    """
    address = parsed(url)
    if address is None:
        return redis.asyncio.from_url(url, **options)
    options = options | address.credentials | {"ssl": address.is_encrypted}
    if address.kind == "sentinel":
        watching: Any = Sentinel
        watched = watching(list(address.hosts), sentinel_kwargs=options, **options)
        return cast("Redis", watched.master_for(address.name))
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    # The calls that we make are the same of both.
    return cast("Redis", Cluster(startup_nodes=nodes, **options))


def parsed(url: str) -> Address | None:
    """Return what an address with several hosts says; None for redis-py's own.

    Raises:
        ValueError: when it is no address.
    """
    scheme, _, rest = url.partition("://")
    base, _, kind = scheme.partition("+")
    if not kind:
        return None
    place, _, name = rest.partition("/")
    authority, _, hosts = place.rpartition("@")
    if base not in ("redis", "rediss") or kind not in _PORTS or (kind == "sentinel") != bool(name):
        raise ValueError("not an address")
    return Address(
        kind,
        base == "rediss",
        tuple(_host(host, _PORTS[kind]) for host in hosts.split(",")),
        unquote(name),
        _credentials(authority),
    )


def _host(text: str, port: int) -> tuple[str, int]:
    found = urlsplit(f"//{text}")
    if not found.hostname:
        raise ValueError("no host")
    return found.hostname, found.port or port


def _credentials(authority: str) -> dict[str, str]:
    user, _, password = authority.partition(":")
    said = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in said.items() if value}


def is_cluster(client: object) -> bool:
    """Return whether a client spreads keys over the nodes of a cluster."""
    return isinstance(client, RedisCluster)


async def site_node(redis: Redis, key: str) -> dict[str, Any]:
    """Return the argument by which a call that names no key goes to the node that holds one."""
    cluster = await _opened(redis)
    return {} if cluster is None else {"target_nodes": cluster.get_node_from_key(key)}


async def every_node(redis: Redis) -> list[dict[str, Any]]:
    """Return the argument by which such a call goes to one node, for each that is written to."""
    cluster = await _opened(redis)
    return [{}] if cluster is None else [{"target_nodes": n} for n in cluster.get_primaries()]


async def written(
    redis: Redis, writes: list[tuple[str, tuple[Any, ...]]], wait: tuple[Any, ...]
) -> list[list[Any]]:
    """Send commands to the nodes of a cluster that hold their keys; see `Cluster.written`."""
    return await cast("Cluster", await _opened(redis)).written(writes, wait)


async def _opened(client: object) -> RedisCluster | None:
    """Return the client of a cluster once it knows its nodes; None for another's."""
    if not isinstance(client, RedisCluster):
        return None
    await client.initialize()
    return client
