"""What of a store is not as the table of `recsvc.store.keys` has it: unknown there, or endless."""

import re
from collections.abc import AsyncIterator, Iterator

from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe

_LINE = re.compile(r"^(rs:\S+) +(?:stream|set|zset|hash|list|string) +(.+?)  ", re.MULTILINE)
_PLACES = {"{s}": r"\{\d+\}", "{snap:<id>:<n>}": r"\{snap:.+:\d+\}"}

# Of these only some end: what the table says of them says which.
_SOME_END = {"rs:{s}:prefs:<user>", "rs:{site}:training:held"}


def bounds() -> Iterator[tuple[re.Pattern[str], bool]]:
    """Yield what keys of each line of the table are like, and whether each has to have a TTL."""
    for name, bound in _LINE.findall(keys.__doc__ or ""):
        shape = name
        parts = re.split(r"(\{snap:<id>:<n>\}|\{s\}|<\w+>)", shape)
        pattern = "".join(
            _PLACES.get(part) or (".+" if part.startswith("<") else re.escape(part))
            for part in parts
        )
        ends = "TTL" in bound and "by hand" not in bound and name not in _SOME_END
        yield re.compile(pattern, re.DOTALL), ends


async def unbounded(redis: Redis) -> AsyncIterator[str]:
    """Yield each key that the table does not know, or that has no TTL and should."""
    table = list(bounds())
    async for raw in Pipe(redis).scan(keys.ANY):
        key = raw.decode()
        ends = [must_end for pattern, must_end in table if pattern.fullmatch(key)]
        if not ends:
            yield f"{key}: not in the table of keys"
        elif all(ends) and await redis.ttl(raw) == -1:
            yield f"{key}: no TTL"
