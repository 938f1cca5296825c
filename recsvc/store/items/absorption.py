"""Absorption: an item takes over what went by a name that has become its alias.

The name may be another item's id, an alias of one, or an id that events came for before any item did.
Items, boards and votes move in one server-side function. Profiles stay as they are: readers' events are
put together by the names of items wherever profiles are read, and moved when next written.
"""

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from recsvc.clock import now_us
from recsvc.core.items.item import StoredItem, united
from recsvc.core.items.merging import absorbed
from recsvc.core.items.trending import EPOCH_US, TrendingParams
from recsvc.core.readers.kinds import UPVOTE
from recsvc.core.readers.profile import decode_interaction, together
from recsvc.store import keys, scripts
from recsvc.store.items.boards import packed_counting
from recsvc.store.items.tally import stored_votes
from recsvc.store.pipe import Pipe

encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(StoredItem).decode
_pack = msgspec.msgpack.Encoder().encode

# Given the stored item (None if there is none), returns what is to be stored (None deletes).
Change = Callable[[StoredItem | None], StoredItem | None]


def digest(raw: bytes | None) -> str:
    """Return by what scripts recognise the JSON that was read; empty where there was none."""
    return "" if raw is None else hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def packed_list(names: Sequence[str]) -> bytes:
    """Return a list as scripts take it: empty where it is."""
    return _pack(names) if names else b""


async def taken(pipe: Pipe, gained: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return, by item, the ids it has to absorb because of the aliases it gains.

    Args:
        gained: by item, aliases it did not have before.
    """
    names = list(dict.fromkeys(name for group in gained.values() for name in group))
    if not names:
        return {}
    owners, items, boards = await pipe.send_all(
        [("HMGET", key, *names) for key in (keys.ALIASES, keys.ITEMS, keys.BOARD)]
    )
    holder: dict[str, str] = {}
    for name, owner, item, board in zip(names, owners, items, boards, strict=True):
        if owner is not None:
            holder[name] = owner.decode()
        elif item is not None or board is not None:
            holder[name] = name
    found = {
        item: list(dict.fromkeys(holder[name] for name in group if name in holder))
        for item, group in gained.items()
    }
    return {
        item: [holder for holder in holders if holder != item]
        for item, holders in found.items()
        if any(holder != item for holder in holders)
    }


async def absorb(
    pipe: Pipe,
    trending: TrendingParams,
    item: str,
    old: StoredItem | None,
    names: list[str],
    change: Change,
) -> StoredItem | None:
    """Make an item of itself and others.

    Args:
        old: the item as it was read.
        names: the ids to absorb.
        change: what is to be made of the whole.

    Returns:
        What is stored now; None when somebody else changed something meanwhile.
    """
    raws: list[bytes | None] = await pipe.send("HMGET", keys.ITEMS, item, *names)
    parts = [_decode(raw) for raw in raws[1:] if raw is not None]
    parts += [] if raws[0] is None else [_decode(raws[0])]
    new = change(absorbed(item, parts) if parts else None)
    if new is None:
        return None
    former = [name for part in parts for name in part.aliases if part.id != item]
    new.aliases = united(item, new.aliases, names, former)
    lost = [] if old is None else [name for name in old.aliases if name not in new.aliases]
    args = [
        packed_counting(trending),
        EPOCH_US,
        item,
        digest(raws[0]),
        encode(new),
        _pack(new.aliases),
        _pack(lost),
        _pack([(n, digest(raw)) for n, raw in zip(names, raws[1:], strict=True)]),
        _pack(await _last_words(pipe, item, names, new.aliases)),
        packed_list(new.owners),
        now_us(),
    ]
    key_names = [keys.ITEMS, keys.ROWS, keys.CHANGES, keys.ALIASES, keys.BOARD, keys.PULSE]
    key_names += [keys.OWNERS, keys.RECOUNT, keys.KEYED]
    key_names += [key for name in (item, *names) for key in keys.votes_of(name)]
    row = await scripts.call(pipe, "absorb", key_names, args)
    return None if row < 0 else new


async def _last_words(
    pipe: Pipe, item: str, names: list[str], aliases: Sequence[str]
) -> list[tuple[str, int]]:
    """Return (user, instant or 0) of readers whose vote is not simply the latest of both hashes.

    Whoever upvoted under one name and took it back under another has no vote; only their profile knows.
    """
    hashes = await pipe.send_all([("HGETALL", keys.votes(name)) for name in (item, *names)])
    since: dict[str, int] = {}
    for found in hashes:
        for vote in stored_votes(found):
            since[vote.user] = max(vote.since_us, since.get(vote.user, 0))
    profiles = await pipe.send_all(
        [("HMGET", keys.profile(keys.shard_of(u), u), item, *aliases) for u in since]
    )
    words = []
    for (user, at_us), fields in zip(since.items(), profiles, strict=True):
        known = [decode_interaction(item, packed) for packed in fields if packed is not None]
        if known:
            whole = known[0]
            for interaction in known[1:]:
                whole = together(whole, interaction)
            stands_us = max(0, whole.states.get(UPVOTE, 0))
            if stands_us != at_us:
                words.append((user, stands_us))
    return words
