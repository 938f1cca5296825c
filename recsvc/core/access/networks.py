"""Addresses: where a call comes from, coarsened to what one household or office shares.

Behind proxies only those that are configured are believed: `X-Forwarded-For` is a list to which every
proxy appends whom it heard from, so that it is read from the right, past the trusted ones.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from recsvc.errors import InvalidError

Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a text such as `10.0.0.0/8, 192.168.1.7`.

    Raises:
        InvalidError: when one is none.
    """
    try:
        return tuple(ip_network(part) for part in re.split(r"[\s,]+", text.strip()) if part)
    except ValueError as exc:
        raise InvalidError(str(exc)) from None


def forwarded_client(peer: str, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """Return the address of the client behind trusted proxies.

    Args:
        peer: whom the connection comes from.
        forwarded: `X-Forwarded-For`, several of them joined by commas.
    """
    client = peer
    for hop in reversed(forwarded.split(",")):
        if not is_in(client, trusted):
            break
        found = _bare(hop.strip())
        if not found:
            break
        client = found
    return client


def _bare(hop: str) -> str:
    """Strip a port: some proxies append it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


@lru_cache(maxsize=4096)
def is_in(address: str, networks: tuple[Network, ...]) -> bool:
    """Return whether an address is in one of some networks; what is no address is in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def plain(address: str) -> str:
    """Return an IPv4 address that came as an IPv6 one as what it is; any other as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return address if mapped is None else str(mapped)


def wide(neighbourhood: str) -> str:
    """Return the /48 of an IPv6 neighbourhood, as much as one customer is given; else itself."""
    try:
        found = IPv6Address(neighbourhood)
    except ValueError:
        return neighbourhood
    return str(IPv6Network((int(found) >> 80 << 80, 48)).network_address)


@lru_cache(maxsize=16_384)
def prefix(address: str) -> str:
    """Return the /24 of an IPv4 address or the /64 of an IPv6 one, without its length."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found) >> 64 << 64, 64)).network_address)
        found = found.ipv4_mapped
    return f"{str(found).rpartition('.')[0]}.0"
