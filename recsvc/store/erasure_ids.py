"""Ids of erasures: when one was asked for, what makes it one of many, and the shard of its reader.

Whoever asks how far it is names no reader to look it up by.
"""

import os

from recsvc.errors import NotFoundError
from recsvc.store import keys

_INSTANT_DIGITS = 12  # of milliseconds, in hexadecimal
_RANDOM_BYTES = 6


def new(shard: int, now_us: int) -> str:
    """Return an id for an erasure that is asked for now."""
    ms, chance = now_us // 1_000, os.urandom(_RANDOM_BYTES).hex()
    return f"{ms:0{_INSTANT_DIGITS}x}{chance}{shard:02x}"


def until_us(identity: str | bytes) -> int:
    """Return an instant behind the one at which an erasure was asked for, by less than 1 ms."""
    return 1_000 * (int(identity[:_INSTANT_DIGITS], 16) + 1)


def shard_in(identity: str) -> int:
    """Return the shard that an id names.

    Raises:
        NotFoundError: when it is no such id.
    """
    try:
        shard = int(identity[-2:], 16)
    except ValueError:
        shard = keys.N_SHARDS
    if not 0 <= shard < keys.N_SHARDS:
        raise NotFoundError(f"there is no erasure {identity!r}")
    return shard
