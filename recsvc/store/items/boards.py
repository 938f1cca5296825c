"""Boards and counters in Redis: votes, decayed votes and counts per item, kept by the worker."""

import math
from typing import Any

import msgspec

from recsvc.clock import DAY_US
from recsvc.core.access.caller import is_anonymous
from recsvc.core.access.trust import Trust, board_weights
from recsvc.core.items.trending import EPOCH_US, WINDOWS, BoardRow, TrendingParams
from recsvc.store import keys, scripts
from recsvc.store.damage import damage
from recsvc.store.items.tally import (
    Classes,
    Tally,
    Weigh,
    classes_of,
    stored_votes,
    tallied,
)
from recsvc.store.pipe import Pipe

# Items per call that counts anew: an item of 1,000 votes takes the server some milliseconds.
_PER_CALL = 100

_UNKNOWN_US = 7 * DAY_US
_MOST_UNKNOWN = 10_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

_NAMES_AN_ALIAS = -2
OVERLAPS = -3

_NO_SHARD = -1
_NO_ROW = BoardRow(0, 0, (-math.inf,) * len(WINDOWS), {})


class Vote(msgspec.Struct, frozen=True, array_like=True):
    """What becomes of one reader's vote on an item.

    Attributes:
        since_us: the instant it stands since; 0 if it no longer does.
        counts_us: the instant from which it counts; 0 for at once.
        only_if: what must be stored of it for anything to happen, when votes are taken away.
        place: its place in the log of its shard.
        trust: who vouches for it; empty: what the id says.
        network: of one that nobody vouches for, what stands for where it was cast.
    """

    user: str
    since_us: int = 0
    counts_us: int = 0
    only_if: str = ""
    place: int = 0
    trust: str = ""
    network: str = ""


class Heat(msgspec.Struct, frozen=True, array_like=True):
    """What one event of another kind than votes adds to trending, or takes back.

    Attributes:
        at_us: the instant it was done.
        worth: in votes; negative takes back what was added before.
        user, trust: who did it, and who vouches for it; empty: what the id says.
    """

    at_us: int
    worth: float
    user: str
    trust: str = ""


# By item: counter -> change; votes, in the order of the log; what else trending counts.
Counts = dict[str, dict[str, int]]
Votes = dict[str, list[Vote]]
Heats = dict[str, list[Heat]]


class Batch(msgspec.Struct, frozen=True):
    """What one stretch of a shard's log does to the boards.

    Attributes:
        previous: id of the entry before the stretch, empty if there is none.
        first, last: ids of its first and last entries; empty for figures that come from no one stretch.
        counts: item -> counter -> change.
        votes: item -> votes, in log order.
        heat: item -> what other kinds of events add to trending.
        strangers: items of which only those speak for whom nobody vouches; where they are not in the
            catalogue, what is counted of them is bounded.
    """

    shard: int
    previous: str
    first: str
    last: str
    counts: Counts
    votes: Votes
    heat: Heats = {}
    strangers: frozenset[str] = frozenset()

    def items(self) -> set[str]:
        """Return the items it changes."""
        return self.counts.keys() | self.votes.keys() | self.heat.keys()

    def renamed(self, names: dict[str, str]) -> "Batch":
        """Return the batch with some items under other names; what two names did is added up."""
        counts: dict[str, dict[str, int]] = {}
        for item, changes in self.counts.items():
            total = counts.setdefault(names.get(item, item), {})
            for counter, change in changes.items():
                total[counter] = total.get(counter, 0) + change
        votes: dict[str, list[Vote]] = {}
        for item, transitions in self.votes.items():
            votes.setdefault(names.get(item, item), []).extend(transitions)
        for transitions in votes.values():
            transitions.sort(key=lambda vote: vote.place)
        heat: dict[str, list[Heat]] = {}
        for item, added in self.heat.items():
            heat.setdefault(names.get(item, item), []).extend(added)
        others = {names.get(item, item) for item in self.items() - self.strangers}
        strangers = frozenset(names.get(item, item) for item in self.strangers) - others
        return msgspec.structs.replace(
            self, counts=counts, votes=votes, heat=heat, strangers=strangers
        )


def decode_row(packed: bytes) -> BoardRow:
    """Decode a board row; Lua packs an empty table as an empty list."""
    raw: dict[str, Any] = _decode(packed)
    scores = tuple(float(s) for s in raw["scores"]) or (-math.inf,) * len(WINDOWS)
    return BoardRow(raw["votes"], int(raw["last"]), scores, dict(raw["counts"] or {}))


def read_row(item: bytes | str, packed: bytes) -> BoardRow | None:
    """Return a board row; None for one that cannot be read."""
    return damage.read("board", item, packed, decode_row)


def packed_counting(params: TrendingParams) -> bytes:
    """Return how votes are counted, as scripts take it: a half-life of 0 never fades."""
    half_lives = [0 if math.isinf(h) else h for h in params.half_lives_us()]
    return b"%d:" % params.per_network + _encode([half_lives, sorted_weights(params)])


def sorted_weights(params: TrendingParams) -> dict[str, float]:
    """Return the weights of votes in an order that does not change: sums are known by it."""
    return dict(sorted(board_weights(params.trust).items()))


class Boards:
    """Reads the boards, and puts the log on them exactly once.

    Args:
        most_unknown: items that are not in the catalogue and of which only strangers speak, at a time.

    Attributes:
        worth: of events of other kinds than votes, in votes, by kind.
    """

    def __init__(
        self, pipe: Pipe, params: TrendingParams, most_unknown: int = _MOST_UNKNOWN
    ) -> None:
        self._pipe = pipe
        self._most_unknown = most_unknown
        self._params = params
        self._counting = packed_counting(params)
        self.worth = params.kinds

    def keeps_apart(self, user: str, trust: Trust) -> bool:
        """Return whether a vote is only counted beside the others: a session's that counts nothing.

        Nobody vouches for one reader behind each session; their votes are not kept one by one.
        """
        return is_anonymous(user) and not self._params.weight_of(trust, is_keyed=True)

    async def all(self) -> dict[str, BoardRow]:
        """Return every row, by item."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.BOARD)
        rows = {item.decode(): read_row(item, packed) for item, packed in raw.items()}
        return {item: row for item, row in rows.items() if row is not None}

    async def items(self) -> list[str]:
        """Return the items that have a row: all that ever had a vote or a count."""
        return [item.decode() for item in await self._pipe.send("HKEYS", keys.BOARD)]

    async def applied(self) -> dict[int, str]:
        """Return the last entry applied of each shard."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.APPLIED)
        return {int(shard): entry.decode() for shard, entry in raw.items()}

    async def last_pulse(self) -> str:
        """Return the id of the latest pulse, to follow from."""
        latest = await self._pipe.send("XREVRANGE", keys.PULSE, "+", "-", "COUNT", 1)
        return bytes(latest[0][0]).decode() if latest else "0-0"

    async def rescore(self, now_us: int) -> int:
        """Compute every trending score anew from its votes; return how many items have some.

        Safe beside a running worker: each item's votes are read and scored in one step.
        """
        voted = [item for item, row in (await self.all()).items() if row.last_vote_us]
        for start in range(0, len(voted), _PER_CALL):
            await self.recount(voted[start : start + _PER_CALL], now_us)
        return len(voted)

    async def recount_keyed(self, now_us: int) -> int:
        """Count all votes anew, once, when the first key exists; return of how many items.

        Votes of visitors and of the demo's readers no longer count then.
        """
        if await self._pipe.send("GET", keys.KEYED) != b"1":
            return 0
        n = await self.rescore(now_us)
        await self._pipe.send("SET", keys.KEYED, "counted")
        return n

    async def replace(
        self,
        whole: Batch,
        applied: dict[int, str],
        now_us: int,
    ) -> None:
        """Replace all boards; nobody else may apply anything meanwhile.

        Args:
            whole: all there is to count, of no shard.
            applied: the last entry of each shard that is in these figures.
        """
        items = sorted(whole.items())
        for item in {*await self.items(), *items}:
            await self._pipe.send("DEL", *keys.votes_of(item))
        await self._pipe.send("DEL", keys.BOARD, keys.UNKNOWN)
        for start in range(0, len(items), _PER_CALL):
            some = items[start : start + _PER_CALL]
            counts = {item: whole.counts.get(item, {}) for item in some}
            votes = {item: whole.votes[item] for item in some if item in whole.votes}
            heat = {item: whole.heat[item] for item in some if item in whole.heat}
            strangers = whole.strangers.intersection(some)
            part = Batch(0, "", "", "", counts, votes, heat, strangers)
            await self._apply([part], now_us)
        pairs = [part for pair in applied.items() for part in pair]
        if pairs:
            await self._pipe.send("HSET", keys.APPLIED, *pairs)

    async def apply(self, batches: list[Batch], now_us: int) -> list[int]:
        """Apply batches; each answers what became of it.

        1: applied; 0: was applied before; -1: too early, entries before it are missing; `OVERLAPS`: a
        part of it was applied before, the rest has to come by itself.
        """
        answers = await self._apply(batches, now_us)
        while again := [i for i, answer in enumerate(answers) if answer == _NAMES_AN_ALIAS]:
            # Two items became one after these events were logged.
            renamed = [batches[i].renamed(await self._ids(batches[i].items())) for i in again]
            for i, answer in zip(again, await self._apply(renamed, now_us), strict=True):
                answers[i] = answer
        return answers

    async def forget_unknown(self, now_us: int) -> int:
        """Forget what strangers said of items that did not come; return of how many, some at a time."""
        key_names = [keys.UNKNOWN, keys.ITEMS, keys.BOARD, keys.PULSE]
        args = [now_us - _UNKNOWN_US, _PER_CALL]
        return int(await scripts.call(self._pipe, "forget_unknown", key_names, args))

    async def due(self, now_us: int, count: int) -> list[str]:
        """Return items whose votes are to be counted anew: held ones are due, or owners changed."""
        command = ("ZRANGEBYSCORE", keys.RECOUNT, "-inf", now_us, "LIMIT", 0, count)
        return [item.decode() for item in await self._pipe.send(*command)]

    async def recount(self, items: list[str], now_us: int) -> None:
        """Count the votes of items anew."""
        await self.take_away({item: [] for item in items}, now_us)

    async def take_away(self, votes: dict[str, list[Vote]], now_us: int) -> int:
        """Take votes away that still are as their `only_if` says; return how many were.

        The items' votes are counted anew, whether any was taken or not.
        """
        if not votes:
            return 0
        (taken,) = await self._apply([Batch(_NO_SHARD, "", "", "", {}, votes)], now_us)
        return taken

    async def votes_of(self, users: list[str], items: list[str]) -> dict[str, dict[str, str]]:
        """Return what is stored of readers' votes on items: by reader and item, where there is one."""
        commands: list[tuple[object, ...]] = [("HMGET", keys.votes(i), *users) for i in items]
        found: dict[str, dict[str, str]] = {user: {} for user in users}
        for item, values in zip(items, await self._pipe.send_all(commands), strict=True):
            for user, raw in zip(users, values, strict=True):
                if raw is not None:
                    found[user][item] = raw.decode()
        return found

    async def counts_of(self, items: list[str]) -> dict[str, dict[str, int]]:
        """Return the counters of items; `upvote` is every vote that is stored, held and own ones too."""
        votes = await self._pipe.send_all([("HLEN", keys.votes(item)) for item in items])
        rows = await self._pipe.send_all([("HGET", keys.BOARD, item) for item in items])
        found: dict[str, dict[str, int]] = {}
        for item, n, packed in zip(items, votes, rows, strict=True):
            row = None if packed is None else read_row(item, packed)
            found[item] = ({} if row is None else row.counts) | {"upvote": int(n)}
        return found

    async def tally(self, item: str, now_us: int) -> Tally:
        """Return the votes of an item; all zero when it has none."""
        votes, packed_owners, packed, keyed = await self._pipe.send_all(
            [
                ("HGETALL", keys.votes(item)),
                ("HGET", keys.OWNERS, item),
                ("HGET", keys.BOARD, item),
                ("EXISTS", keys.KEYED),
            ]
        )
        owners = frozenset(_decode(packed_owners) if packed_owners else [])
        row = _NO_ROW if packed is None else read_row(item, packed) or _NO_ROW
        weigh = Weigh(self._params, is_keyed=bool(keyed))
        return tallied(stored_votes(votes), row, owners, weigh, now_us)

    async def classes(self, items: list[str]) -> tuple[dict[str, Classes], bool]:
        """Return who vouches for the votes of each item, and whether that matters: a key exists."""
        commands: list[tuple[object, ...]] = [("EXISTS", keys.KEYED)]
        for item in items:
            commands += [("HGETALL", keys.votes(item)), ("HGET", keys.BOARD, item)]
        keyed, *found = await self._pipe.send_all(commands)
        classes = {}
        for item, votes, packed in zip(items, found[::2], found[1::2], strict=True):
            row = _NO_ROW if packed is None else read_row(item, packed) or _NO_ROW
            weigh = Weigh(self._params, is_keyed=bool(keyed))
            classes[item] = classes_of(stored_votes(votes), row, weigh)
        return classes, bool(keyed)

    async def _ids(self, names: set[str]) -> dict[str, str]:
        """Return the item of each name that is an alias."""
        found = await self._pipe.send("HMGET", keys.ALIASES, *names)
        return {n: raw.decode() for n, raw in zip(names, found, strict=True) if raw is not None}

    async def _apply(self, batches: list[Batch], now_us: int) -> list[int]:
        key_names = [keys.APPLIED, keys.BOARD, keys.PULSE, keys.ALIASES, keys.OWNERS, keys.RECOUNT]
        key_names += [keys.KEYED, keys.ITEMS, keys.UNKNOWN]
        n_fixed = len(key_names)
        packed: list[object] = []
        for batch in batches:
            operations: list[object] = []
            for item in batch.items():
                votes, heat, at = batch.votes.get(item, []), batch.heat.get(item, []), 0
                if item in batch.votes or heat:
                    at = len(key_names) - n_fixed + 1
                    key_names += keys.votes_of(item)
                is_strangers = item in batch.strangers
                operations.append([item, batch.counts.get(item, {}), at, votes, heat, is_strangers])
            packed.append([batch.shard, batch.previous, batch.first, batch.last, operations])
        args = [self._counting, EPOCH_US, _encode(packed), now_us, self._most_unknown]
        return list(await scripts.call(self._pipe, "apply", key_names, args))
