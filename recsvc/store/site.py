"""What only the store has of a site: catalogue, keys, subscribers, preferences; read and put back whole.

Nothing of it can be computed from events. It is read as what it is, types of Redis and their fields,
so that what a later version keeps is copied too, and put back only where there is nothing.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from recsvc.store import keys
from recsvc.store.pipe import Pipe

_ONES = (keys.CATALOGUE, keys.SECRET, keys.KEYED)
_PATTERNS = (
    *(keys.CREDENTIALS, keys.ITEMS, keys.ALIASES, keys.IMPORTS, keys.OWNERS, keys.ERASED),
    *("rs:{site}:mail:subs", "rs:{site}:mail:due", "rs:{site}:mail:of:*"),
    *("rs:{site}:gorse:*", "rs:{*}:prefs:*", "rs:{*}:gorse:*"),
)
_COUNT = 1_000


class Part(msgspec.Struct, array_like=True, frozen=True):
    """Some of what a key holds: its type's name in Redis, and field and value, or member and score."""

    key: bytes
    kind: str
    pairs: list[tuple[bytes, bytes]]


async def parts(pipe: Pipe) -> AsyncIterator[Part]:
    """Yield everything, rows before the items that have them."""
    for name in _ONES:
        value = await pipe.send("GET", name)
        if value is not None:
            yield Part(name.encode(), "string", [(b"", value)])
    async for part in hash_parts(pipe, keys.ROWS.encode()):
        yield part
    seen: set[bytes] = set()
    for pattern in _PATTERNS:
        async for key in pipe.scan(pattern):
            if key in seen:
                continue
            seen.add(key)
            kind = (await pipe.send("TYPE", key)).decode()
            if kind == "hash":
                async for part in hash_parts(pipe, key):
                    yield part
            elif kind == "zset":
                scored: Any = await pipe.send("ZRANGE", key, 0, -1, "WITHSCORES")
                yield Part(key, kind, [(m, repr(score).encode()) for m, score in _pairs(scored)])


async def hash_parts(pipe: Pipe, key: bytes) -> AsyncIterator[Part]:
    """Yield a hash, some fields at a time; nothing where there is none."""
    cursor = b"0"
    while True:
        cursor, fields = await pipe.send("HSCAN", key, cursor, "COUNT", _COUNT)
        pairs = _pairs(fields)
        if pairs:
            yield Part(key, "hash", pairs)
        if int(cursor) == 0:
            return


def _pairs(found: Any) -> list[tuple[bytes, Any]]:
    """Return what the server answers as pairs, in whichever shape it does."""
    if isinstance(found, dict):
        return list(found.items())
    if found and isinstance(found[0], list | tuple):
        return [(name, value) for name, value in found]
    return list(zip(found[::2], found[1::2], strict=True))


async def put_back(pipe: Pipe, part: Part, *, is_bare: bool) -> int:
    """Put back what is not there; return how many fields that were.

    Args:
        is_bare: whether the store had no catalogue: what a fresh one made up for itself is replaced.
    """
    if part.kind == "string":
        options = () if is_bare else ("NX",)
        return int(bool(await pipe.send("SET", part.key, part.pairs[0][1], *options)))
    if part.key == keys.ROWS.encode() and not is_bare:
        return 0  # rows of another catalogue: items get their own
    if part.kind == "zset":
        words = [word for member, score in part.pairs for word in (score, member)]
        return int(await pipe.send("ZADD", part.key, "NX", *words))
    done = await pipe.send_all([("HSETNX", part.key, name, value) for name, value in part.pairs])
    if part.key == keys.ITEMS.encode() and not is_bare:
        for (item, _), is_new in zip(part.pairs, done, strict=True):
            if is_new:
                await pipe.send("HSETNX", keys.ROWS, item, await pipe.send("HLEN", keys.ROWS))
    return sum(done)
