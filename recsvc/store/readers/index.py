"""The index of readers: who there is, in the order of their ids, and when each was last heard of.

The function that records an event keeps it, so that whoever did something or was shown something
is in it; erasing takes a reader out in the same step as their profile. Profiles lapse by themselves:
what then remains here is passed over, and swept out by the worker. Anonymous sessions are left out.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from recsvc.clock import DAY_S, SECOND_US
from recsvc.core.access.caller import is_anonymous
from recsvc.store import keys, scripts
from recsvc.store.pipe import Command, Pipe
from recsvc.store.readers.fields import FIRST_SEEN, PRUNE_AT, VERSION, VOTE

_PER_CALL = 200
_SWEPT_PER_SHARD = 500


class Known(msgspec.Struct, frozen=True):
    """A reader, and how much is kept of them.

    Attributes:
        first_us: when they first did anything; None if they were only shown something.
        last_us: when they were last heard of.
        items: how many they did something to.
        shown: how many they were shown lately.
    """

    user: str
    first_us: int | None
    last_us: int
    items: int
    shown: int


class ReaderIndex:
    """Lists readers, a page at a time.

    Args:
        ttl_days: after which profiles lapse.
    """

    def __init__(self, pipe: Pipe, ttl_days: float) -> None:
        self._pipe = pipe
        self._ttl_s = int(ttl_days * DAY_S)

    async def names(self, after: str, n: int) -> list[str]:
        """Return up to n readers in the order of ids, after a given one; fewer only at the end."""
        found: list[str] = []
        while len(found) < n and (piece := await self._piece(after, n - len(found))):
            found += piece
            after = piece[-1]
        return found[:n]

    async def count(self) -> int:
        """Return how many readers are in the index."""
        found: list[int] = await self._pipe.send_all(
            [("ZCARD", keys.readers(shard)) for shard in range(keys.N_SHARDS)]
        )
        return sum(found)

    async def known(self, users: list[str]) -> list[Known]:
        """Return what is kept of readers, leaving out those whose profile has lapsed."""
        answers = await self._pipe.send_all([one for user in users for one in _questions(user)])
        found = []
        for user, at in zip(users, range(0, len(answers), 4), strict=True):
            last, fields, (first, *others), n_shown = answers[at : at + 4]
            n_items = fields - sum(field is not None for field in (first, *others))
            if fields or n_shown:
                first_us = None if first is None else int(first)
                found.append(Known(user, first_us, int(last or 0), n_items, n_shown))
        return found

    async def page(self, after: str, n: int) -> tuple[list[Known], str | None]:
        """Return up to n readers after a given one, and after whom to go on; None at the end."""
        names = await self.names(after, n + 1)
        follow = names[n - 1] if len(names) > n else None
        return await self.known(names[:n]), follow

    async def last(self, user: str) -> int | None:
        """Return when a reader was last heard of (µs); None for one who is not in the index."""
        found = await self._pipe.send("ZSCORE", keys.readers(keys.shard_of(user)), user)
        return None if found is None else int(found)

    async def build(self, now_us: int) -> bool:
        """Index the readers of a store that was written before there was an index; once.

        Returns:
            Whether it had to be done.
        """
        if await self._pipe.send("EXISTS", keys.INDEXED):
            return False
        await self.rebuild(now_us)
        return True

    async def rebuild(self, now_us: int) -> None:
        """Index every reader there is; the whole store is looked through."""
        for family in ("profile", "shown"):
            users: set[str] = set()
            async for key in self._pipe.scan(keys.of_anybody(family)):
                users.add(key.decode().partition(f"}}:{family}:")[2])
                if len(users) >= _PER_CALL:
                    await self.refresh(users, now_us)
                    users = set()
            await self.refresh(users, now_us)
        await self._pipe.send("SET", keys.INDEXED, now_us)

    async def refresh(self, users: Iterable[str], now_us: int) -> int:
        """Put readers in who have a profile, take out who have none; return how many are in."""
        by_shard: dict[int, list[str]] = defaultdict(list)
        for user in users:
            if not is_anonymous(user):
                by_shard[keys.shard_of(user)].append(user)
        n = 0
        for shard, own in by_shard.items():
            key_names = [
                key
                for user in own
                for key in (
                    keys.readers(shard),
                    keys.names(shard),
                    keys.profile(shard, user),
                    keys.shown(shard, user),
                )
            ]
            args = [now_us, self._ttl_s, *own]
            n += int(await scripts.call(self._pipe, "index_readers", key_names, args))
        return n

    async def sweep(self, now_us: int) -> int:
        """Take out readers whose profiles have lapsed, a bounded number; return how many went."""
        until_us = now_us - self._ttl_s * SECOND_US
        old_ones = ("-inf", until_us, "BYSCORE", "LIMIT", 0, _SWEPT_PER_SHARD)
        answers = await self._pipe.send_all(
            [("ZRANGE", keys.readers(shard), *old_ones) for shard in range(keys.N_SHARDS)]
        )
        old = [user.decode() for found in answers for user in found]
        return len(old) - await self.refresh(old, now_us)

    async def _piece(self, after: str, n: int) -> list[str]:
        """Return readers after a given one, at least one if there is any.

        Every shard is asked for a little more than its part. Beyond the first place where one has more
        to say nothing is certain: there the piece ends.
        """
        part = n // (keys.N_SHARDS // 2) + 8
        start = f"({after}" if after else "-"
        answers: list[list[bytes]] = await self._pipe.send_all(
            [
                ("ZRANGE", keys.names(shard), start, "+", "BYLEX", "LIMIT", 0, part)
                for shard in range(keys.N_SHARDS)
            ]
        )
        names = sorted(name for found in answers for name in found)
        end = min((found[-1] for found in answers if len(found) == part), default=None)
        return [name.decode() for name in names if end is None or name <= end]


def _questions(user: str) -> list[Command]:
    shard = keys.shard_of(user)
    profile = keys.profile(shard, user)
    return [
        ("ZSCORE", keys.readers(shard), user),
        ("HLEN", profile),
        ("HMGET", profile, FIRST_SEEN, VOTE, PRUNE_AT, VERSION),
        ("ZCARD", keys.shown(shard, user)),
    ]
