"""What Gorse's API needs remembered besides events: users with labels, and feedback as rows.

Gorse keeps one row per (type, user, item) and lets clients list, overwrite and delete rows; an event log
cannot answer that, nor a profile, which has no values to overwrite, no labels and no comments. The rows
are for those calls alone: ranking reads profiles, which follow from events.

The price: 88 bytes a row, index included, at most 10,000 rows per user and per item, forgotten with the
profile. What adds up, as clicks do, cannot be taken back: an event log cannot unsee it.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable

import msgspec

from recsvc.clock import DAY_S
from recsvc.errors import NotFoundError
from recsvc.store import keys, scripts
from recsvc.store.pipe import Command, Pipe
from recsvc.store.readers.index import ReaderIndex

_ROWS_PER_USER = 10_000
_USERS_PER_ITEM = 10_000
_USERS_PER_CALL = 500
# An item that more readers voted for than this says little about who is like whom.
_TELLING_VOTES = 1_000
_TELLING_ITEMS = 100

_decode_user = msgspec.json.Decoder(dict[str, object]).decode
_decode_row = msgspec.msgpack.Decoder(tuple[float, int, int, str, str]).decode


# Given users and the rows of each, returns the rows of each.
Completing = Callable[[list[str], "list[list[FeedbackRow]]"], Awaitable["list[list[FeedbackRow]]"]]


class FeedbackRow(msgspec.Struct, frozen=True):
    """One row: what a user gave an item under a type.

    Attributes:
        at_us: when, by the client's word; may be ahead.
        updated_us: when it was last written.
        labels: JSON.
    """

    type: str
    user: str
    item: str
    value: float
    at_us: int
    updated_us: int
    labels: str = "null"
    comment: str = ""

    @property
    def field(self) -> str:
        """Where the row stands among its user's."""
        return f"{self.type}\n{self.item}"


class Gorse:
    """Reads and writes users and feedback of Gorse's API."""

    def __init__(self, pipe: Pipe, ttl_days: float) -> None:
        self._pipe = pipe
        self._ttl_s = int(ttl_days * DAY_S)
        self._readers = ReaderIndex(pipe, ttl_days)

    # Users

    async def put_users(self, users: dict[str, dict[str, object]]) -> None:
        """Store users, replacing what is there."""
        commands: list[Command] = []
        for user, fields in users.items():
            commands.append(("ZADD", keys.GORSE_NAMES, 0, user))
            commands.append(("HSET", keys.GORSE_USERS, user, msgspec.json.encode(fields)))
        await self._pipe.send_all(commands)

    async def know_users(self, users: set[str]) -> None:
        """Make sure that users are listed, leaving those who are as they are."""
        commands: list[Command] = []
        for user in users:
            commands.append(("ZADD", keys.GORSE_NAMES, "NX", 0, user))
            commands.append(("HSETNX", keys.GORSE_USERS, user, b"{}"))
        await self._pipe.send_all(commands)

    async def user(self, user: str) -> dict[str, object]:
        """Return what is stored of a user.

        Raises:
            NotFoundError: when nothing is.
        """
        found = await self._pipe.send("HGET", keys.GORSE_USERS, user)
        if found is None:
            raise NotFoundError(f"there is no user {user!r}")
        return _decode_user(found)

    async def users(self, after: str, n: int) -> list[tuple[str, dict[str, object]]]:
        """Return up to n users in the order of ids, after a given one; other doors' readers too."""
        names = await self._names(after, n)
        if not names:
            return []
        found = await self._pipe.send("HMGET", keys.GORSE_USERS, *names)
        return [(n, _decode_user(raw or b"{}")) for n, raw in zip(names, found, strict=True)]

    async def forget(self, user: str) -> int:
        """Forget a user: labels and rows; return how many of both there were."""
        rows = await self.of_user(user)
        await self.delete(rows)
        known, _ = await self._pipe.send_all(
            [("HDEL", keys.GORSE_USERS, user), ("ZREM", keys.GORSE_NAMES, user)]
        )
        return len(rows) + int(known)

    async def _names(self, after: str, n: int) -> list[str]:
        start = f"({after}" if after else "-"
        own = await self._pipe.send("ZRANGE", keys.GORSE_NAMES, start, "+", "BYLEX", "LIMIT", 0, n)
        others = await self._readers.names(after, n)
        return sorted({*(name.decode() for name in own), *others})[:n]

    # Feedback

    async def write(self, rows: list[FeedbackRow], overwrites: bool, now_us: int) -> None:
        """Write rows; where one exists, overwrite it or add to its value."""
        by_user: dict[str, list[FeedbackRow]] = defaultdict(list)
        for row in rows:
            by_user[row.user].append(row)
        # The index first: an entry without its row is passed over, a row without entry never found.
        await self._index(rows)
        await asyncio.gather(
            *[self._write(user, own, overwrites, now_us) for user, own in by_user.items()]
        )

    async def _write(
        self, user: str, rows: list[FeedbackRow], overwrites: bool, now_us: int
    ) -> None:
        args: list[object] = [self._ttl_s, _ROWS_PER_USER, "1" if overwrites else "0", now_us]
        for row in rows:
            args += (row.field, repr(row.value), row.at_us, row.labels, row.comment)
        key = keys.gorse_feedback(keys.shard_of(user), user)
        await scripts.call(self._pipe, "gorse_feedback", [key], args)

    async def _index(self, rows: list[FeedbackRow]) -> None:
        commands: list[Command] = [
            ("ZADD", keys.gorse_item(row.item), row.at_us, f"{row.type}\n{row.user}")
            for row in rows
        ]
        for item in {row.item for row in rows}:
            key = keys.gorse_item(item)
            commands.append(("ZREMRANGEBYRANK", key, 0, -_USERS_PER_ITEM - 1))
            commands.append(("EXPIRE", key, self._ttl_s))
        await self._pipe.send_all(commands)

    async def of_user(self, user: str) -> list[FeedbackRow]:
        """Return a user's rows, by type and item."""
        return (await self._of_users([user]))[0]

    async def of_item(self, item: str) -> list[FeedbackRow]:
        """Return an item's rows, latest first."""
        members = await self._pipe.send("ZREVRANGE", keys.gorse_item(item), 0, -1)
        wanted = [member.decode().split("\n", 1) for member in members]
        found = await self.get([(type_, user, item) for type_, user in wanted])
        return [row for row in found if row is not None]

    async def voters(self, item: str) -> list[str]:
        """Return who votes for an item, at most as many as rows are kept of one."""
        found = await self._pipe.send("HKEYS", keys.votes(item))
        return [user.decode() for user in found[:_USERS_PER_ITEM]]

    async def get(self, wanted: list[tuple[str, str, str]]) -> list[FeedbackRow | None]:
        """Return rows by (type, user, item), None where there is none."""
        found = await self._pipe.send_all(
            [
                ("HGET", keys.gorse_feedback(keys.shard_of(user), user), f"{type_}\n{item}")
                for type_, user, item in wanted
            ]
        )
        return [
            None if raw is None else _row(user, f"{type_}\n{item}", raw)
            for (type_, user, item), raw in zip(wanted, found, strict=True)
        ]

    async def page(
        self,
        after: tuple[str, str] | None,
        n: int,
        type_: str | None,
        until_us: int,
        complete: Completing,
    ) -> tuple[list[FeedbackRow], tuple[str, str] | None]:
        """Return up to n rows by user, type and item, and where to go on, None at the end.

        A page may be short of n although there is more: few users may have rows of one type.

        Args:
            after: (user, field) of the row to go on after.
            until_us: rows of later instants do not count yet.
            complete: returns users' rows with what is known of them besides.
        """
        begun = [after[0]] if after else []
        names = begun + await self._names(after[0] if after else "", _USERS_PER_CALL - len(begun))
        rows: list[FeedbackRow] = []
        found = await complete(names, await self._of_users(names))
        for user, own in zip(names, found, strict=True):
            for row in own:
                if after and (user, row.field) <= after:
                    continue
                if row.at_us <= until_us and type_ in (None, row.type):
                    rows.append(row)
                if len(rows) == n:
                    return rows, (user, row.field)
        if len(names) < _USERS_PER_CALL:
            return rows, None
        return rows, (names[-1], "\U0010ffff")

    async def delete(self, rows: list[FeedbackRow]) -> None:
        """Remove rows."""
        if not rows:
            return
        commands: list[Command] = []
        for row in rows:
            key = keys.gorse_feedback(keys.shard_of(row.user), row.user)
            commands.append(("HDEL", key, row.field))
            commands.append(("ZREM", keys.gorse_item(row.item), f"{row.type}\n{row.user}"))
        await self._pipe.send_all(commands)

    async def _of_users(self, users: list[str]) -> list[list[FeedbackRow]]:
        found = await self._pipe.send_all(
            [("HGETALL", keys.gorse_feedback(keys.shard_of(user), user)) for user in users]
        )
        return [
            [_row(user, field.decode(), raw) for field, raw in sorted(fields.items())]
            for user, fields in zip(users, found, strict=True)
        ]

    # Likeness

    async def like_minded(self, user: str, items: list[str]) -> list[tuple[str, float]]:
        """Return who voted for the same items, most alike first.

        Each shared item counts 1/ln(1 + its votes), so that rare tastes say more (Adamic and Adar,
        "Friends and Neighbors on the Web", Social Networks 25, 2003).
        """
        telling = items[:_TELLING_ITEMS]
        counts = await self._pipe.send_all([("HLEN", keys.votes(item)) for item in telling])
        telling = [i for i, n in zip(telling, counts, strict=True) if 1 < n <= _TELLING_VOTES]
        voters = await self._pipe.send_all([("HKEYS", keys.votes(item)) for item in telling])
        likeness: dict[str, float] = defaultdict(float)
        for found in voters:
            for voter in found:
                likeness[voter.decode()] += 1 / math.log(1 + len(found))
        likeness.pop(user, None)
        return sorted(likeness.items(), key=lambda pair: (-pair[1], pair[0]))


def _row(user: str, field: str, raw: bytes) -> FeedbackRow:
    type_, item = field.split("\n", 1)
    value, at_us, updated_us, labels, comment = _decode_row(raw)
    return FeedbackRow(type_, user, item, value, at_us, updated_us, labels, comment)
