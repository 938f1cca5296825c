"""The catalogue in Redis: items by id, each with a row number that is its own for ever."""

import uuid
from collections.abc import AsyncIterator

import msgspec

from recsvc.core.items.item import StoredItem, united
from recsvc.core.items.rows import mended
from recsvc.core.items.trending import TrendingParams
from recsvc.errors import ConflictError
from recsvc.store import keys, scripts
from recsvc.store.damage import damage
from recsvc.store.items import absorption
from recsvc.store.items.absorption import Change, digest, packed_list
from recsvc.store.pipe import Pipe

__all__ = ["Change", "Items"]

_decode = msgspec.json.Decoder(StoredItem).decode
_decode_owners = msgspec.msgpack.Decoder(list[str]).decode

_ATTEMPTS = 5
_SCAN_COUNT = 1_000


class _Write(msgspec.Struct):
    """An item before and after the changes of one call.

    Attributes:
        asked: the names it was asked for by.
        changes: what was to be made of it, in order.
    """

    item: str
    raw: bytes | None
    old: StoredItem | None
    new: StoredItem | None
    asked: list[str] = msgspec.field(default_factory=list)
    changes: list[Change] = msgspec.field(default_factory=list)

    def add(self, asked: str, change: Change) -> None:
        self.asked.append(asked)
        self.changes.append(change)
        self.new = self._with_id(change(self.new))

    def again(self, old: StoredItem | None) -> StoredItem | None:
        """Apply the changes to something else."""
        for change in self.changes:
            old = self._with_id(change(old))
        return old

    def _with_id(self, item: StoredItem | None) -> StoredItem | None:
        if item is None or item.id == self.item:
            return item
        return msgspec.structs.replace(
            item, id=self.item, aliases=united(self.item, item.aliases, [item.id])
        )

    @property
    def packed(self) -> bytes:
        return b"" if self.new is None else absorption.encode(self.new)

    @property
    def differs(self) -> bool:
        return self.packed != (self.raw or b"")

    @property
    def gained(self) -> list[str]:
        known = [] if self.old is None else self.old.aliases
        return [] if self.new is None else [a for a in self.new.aliases if a not in known]

    @property
    def lost(self) -> list[str]:
        kept = [] if self.new is None else self.new.aliases
        return [] if self.old is None else [a for a in self.old.aliases if a not in kept]


def _read(item: bytes | str, raw: bytes | None) -> StoredItem | None:
    """Return a stored item; None for one that is not there, or cannot be read."""
    if raw is None:
        damage.gone("item", item)
        return None
    return damage.read("item", item, raw, _decode)


class Items:
    """Reads and changes items; every change is announced to the processes that serve them.

    Args:
        trending: how fast votes fade, for the boards of items that become one.
    """

    def __init__(self, pipe: Pipe, trending: TrendingParams | None = None) -> None:
        self._pipe = pipe
        self._trending = trending or TrendingParams()

    async def catalogue_id(self) -> str:
        """Return the id of this catalogue, making one where there is none yet."""
        known = await self._pipe.send("GET", keys.CATALOGUE)  # a store that is only read has one
        if known is None:
            await self._pipe.send("SET", keys.CATALOGUE, uuid.uuid4().hex, "NX")
            known = await self._pipe.send("GET", keys.CATALOGUE)
        return bytes(known).decode()

    async def get(self, ids: list[str]) -> list[StoredItem | None]:
        """Return items by id, None where there is none."""
        if not ids:
            return []
        found: list[bytes | None] = await self._pipe.send("HMGET", keys.ITEMS, *ids)
        return [_read(item, raw) for item, raw in zip(ids, found, strict=True)]

    async def resolve(self, names: list[str]) -> list[str]:
        """Return the ids that names stand for: an alias for its item, any other for itself."""
        if not names:
            return []
        found: list[bytes | None] = await self._pipe.send("HMGET", keys.ALIASES, *names)
        return [n if raw is None else raw.decode() for n, raw in zip(names, found, strict=True)]

    async def aliases(self) -> dict[str, str]:
        """Return every alias, and the item it stands for."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.ALIASES)
        return {alias.decode(): item.decode() for alias, item in raw.items()}

    async def known(self, names: list[str]) -> list[bool]:
        """Return which names have an item."""
        ids = await self.resolve(names)
        return [
            bool(n) for n in await self._pipe.send_all([("HEXISTS", keys.ITEMS, i) for i in ids])
        ]

    async def count(self) -> int:
        """Return how many items there are, hidden ones included."""
        return int(await self._pipe.send("HLEN", keys.ITEMS))

    async def owners(self) -> dict[str, list[str]]:
        """Return the owners of the items that have any."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.OWNERS)
        return {item.decode(): _decode_owners(packed) for item, packed in raw.items()}

    async def last_change(self) -> str:
        """Return the id of the latest change, to follow from."""
        latest = await self._pipe.send("XREVRANGE", keys.CHANGES, "+", "-", "COUNT", 1)
        return bytes(latest[0][0]).decode() if latest else "0-0"

    async def changed_since(self, change: str, count: int) -> tuple[list[str], str]:
        """Return the ids of items that changed, each once, and the change to go on from."""
        entries = await self._pipe.send("XRANGE", keys.CHANGES, f"({change}", "+", "COUNT", count)
        ids = dict.fromkeys(bytes(fields[b"i"]).decode() for _, fields in entries)
        return list(ids), bytes(entries[-1][0]).decode() if entries else change

    async def rows(self) -> dict[str, int]:
        """Return the row of every id that ever had an item."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.ROWS)
        return {item.decode(): int(row) for item, row in raw.items()}

    async def mend_rows(self) -> int:
        """Give every id a row of its own again after damage; return how many have another now.

        The rows that models follow are others then: the catalogue is another one, and none is served
        until it was trained. Nobody else may be at work; when this ends early, it can be done again.
        """
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.ROWS)
        items: list[bytes] = await self._pipe.send("HKEYS", keys.ITEMS)
        rows: dict[str, int | None] = {item.decode(): None for item in items}
        rows |= {i.decode(): int(row) if row.isdigit() else None for i, row in raw.items()}
        new = mended(rows)
        if new:
            await self._pipe.send("SET", keys.CATALOGUE, uuid.uuid4().hex)
            await self._pipe.send("DEL", keys.SNAPSHOT)
            await self._pipe.send_all([("HSET", keys.ROWS, i, row) for i, row in new.items()])
        return len(new)

    async def all(self) -> AsyncIterator[list[StoredItem]]:
        """Yield every item, in batches and in no order; one changed meanwhile may come twice."""
        cursor = b"0"
        while True:
            cursor, fields = await self._pipe.send(
                "HSCAN", keys.ITEMS, cursor, "COUNT", _SCAN_COUNT
            )
            pairs = (
                fields if isinstance(fields, dict) else dict(zip(*[iter(fields)] * 2, strict=True))
            )
            items = (_read(item, raw) for item, raw in pairs.items())
            yield [item for item in items if item is not None]
            if int(cursor) == 0:
                return

    async def change(self, changes: dict[str, Change]) -> list[tuple[StoredItem | None, bool]]:
        """Change items, each read and written as one step.

        An item that gains an alias absorbs whatever went by that name before: its votes and
        events, and the item itself if there was one.

        Args:
            changes: by id or alias, what to make of the stored item.

        Returns:
            By name, in order: what is stored now, and whether that differs from before.

        Raises:
            ConflictError: when others kept changing the same item.
        """
        done: dict[str, tuple[StoredItem | None, bool]] = {}
        pending = dict(changes)
        for _ in range(_ATTEMPTS):
            pending = await self._attempt(pending, done)
            if not pending:
                return [done[name] for name in changes]
        raise ConflictError(f"item {next(iter(pending))!r} keeps changing; try again")

    async def _attempt(
        self, changes: dict[str, Change], done: dict[str, tuple[StoredItem | None, bool]]
    ) -> dict[str, Change]:
        """Try changes once; return those that somebody else came before."""
        writes = await self._prepare(changes)
        for write in writes:
            done.update(dict.fromkeys(write.asked, (write.new, write.differs)))
        writes = [write for write in writes if write.differs]
        taken = await absorption.taken(self._pipe, {w.item: w.gained for w in writes})
        plain = [write for write in writes if write.item not in taken]
        lost = await self._put(plain)
        for write in writes:
            if write.item in taken:
                new = await absorption.absorb(
                    self._pipe,
                    self._trending,
                    write.item,
                    write.old,
                    taken[write.item],
                    write.again,
                )
                if new is None:
                    lost.append(write)
                else:
                    done.update(dict.fromkeys(write.asked, (new, True)))
        return {name: changes[name] for write in lost for name in write.asked}

    async def _prepare(self, changes: dict[str, Change]) -> list[_Write]:
        if not changes:
            return []
        ids = await self.resolve(list(changes))
        unique = list(dict.fromkeys(ids))
        found: list[bytes | None] = await self._pipe.send("HMGET", keys.ITEMS, *unique)
        writes = {}
        for item, raw in zip(unique, found, strict=True):
            old = _read(item, raw)
            writes[item] = _Write(item, raw, old, old)
        for item, (asked, change) in zip(ids, changes.items(), strict=True):
            writes[item].add(asked, change)
        return list(writes.values())

    async def _put(self, writes: list[_Write]) -> list[_Write]:
        """Store items that take nothing from others; return those that were changed meanwhile."""
        if not writes:
            return []
        args: list[object] = []
        for write in writes:
            owners = [] if write.new is None else write.new.owners
            lists = (packed_list(part) for part in (write.gained, write.lost, owners))
            args += (write.item, digest(write.raw), write.packed, *lists)
        key_names = [keys.ITEMS, keys.ROWS, keys.CHANGES, keys.ALIASES, keys.BOARD]
        key_names += [keys.OWNERS, keys.RECOUNT]
        rows = await scripts.call(self._pipe, "put_items", key_names, args)
        return [write for write, row in zip(writes, rows, strict=True) if row < 0]
