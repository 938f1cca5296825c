"""Profiles, from the side that reads them."""

import os
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from recsvc.core.items.aliases import Aliases
from recsvc.core.readers.preferences import NO_PREFERENCES
from recsvc.core.readers.profile import (
    ACTED_ON,
    NOBODY,
    Interaction,
    Profile,
    decode_interaction,
    decode_profile,
    packed,
    resolved,
)
from recsvc.store import keys
from recsvc.store.damage import damage
from recsvc.store.pipe import Pipe
from recsvc.store.readers.fields import FIRST_SEEN, PRUNE_AT, VERSION, VOTE
from recsvc.store.readers.preferences import decode_preferences

_PER_BATCH = 500
# Impressions: as many as are kept.
ALL = -1

_encode = msgspec.msgpack.Encoder().encode


class Stamp(NamedTuple):
    """By what it is known whether a reader changed: equal stamps, the same profile and preferences.

    Impressions have no version, for a profile that was only shown something must not begin: an equal
    stamp says that none came that is later than all before, and none of another item.

    Attributes:
        version: of the profile, as the event log left it; None before this release's first event.
        vote: the log entry of the latest vote that changed something.
        size: fields of the profile.
        preferences: as they are stored.
        n_shown: items that impressions are kept of.
        shown: the latest of them.
    """

    version: bytes | None
    vote: bytes | None
    size: int
    preferences: dict[bytes, bytes]
    n_shown: int
    shown: list[tuple[bytes, float]]

    @property
    def beside_shown(self) -> "Stamp":
        """The same where what they were shown has no say."""
        return self._replace(n_shown=0, shown=[])


class Known(NamedTuple):
    """What the store says of a reader."""

    profile: Profile
    stamp: Stamp


class Profiles:
    """Reads what readers did; writing is the event log's, but for rebuilding.

    Args:
        aliases: returns the names of items as they are known now. What a reader did under several
            names of an item is put together under its id.
    """

    def __init__(self, pipe: Pipe, aliases: Callable[[], Aliases] = Aliases) -> None:
        self._pipe = pipe
        self._aliases = aliases

    async def stamp(self, user: str, *, with_shown: bool = True) -> Stamp:
        """Return by what it is known whether a reader changed; however much they did, this is little.

        Args:
            with_shown: whether what they were shown has a say; else `Stamp.beside_shown`.
        """
        shard = keys.shard_of(user)
        profile, shown = keys.profile(shard, user), keys.shown(shard, user)
        commands: list[tuple[object, ...]] = [
            ("HMGET", profile, VERSION, VOTE),
            ("HLEN", profile),
            ("HGETALL", keys.preferences(shard, user)),
        ]
        if with_shown:
            commands += [("ZCARD", shown), ("ZRANGE", shown, -1, -1, "WITHSCORES")]
        (version, vote), size, preferences, *impressions = await self._pipe.send_all(commands)
        return Stamp(version, vote, size, preferences, *(impressions or (0, [])))

    async def read(self, user: str, n_shown: int = 0) -> Known:
        """Return what a reader did and prefers, in one round trip.

        Args:
            n_shown: how many impressions to read too, the latest; `ALL` for all that are kept.
        """
        shard = keys.shard_of(user)
        shown_key = keys.shown(shard, user)
        commands: list[tuple[object, ...]] = [
            ("HGETALL", keys.profile(shard, user)),
            ("HGETALL", keys.preferences(shard, user)),
            ("ZCARD", shown_key),
            ("ZRANGE", shown_key, 0 if n_shown == ALL else -max(n_shown, 1), -1, "WITHSCORES"),
        ]
        answers = await self._pipe.send_all(commands)
        fields: dict[bytes, bytes] = answers[0]
        size = len(fields)
        vote, version = fields.pop(VOTE, None), fields.pop(VERSION, None)
        stamp = Stamp(version, vote, size, answers[1], answers[2], answers[3][-1:])
        fields.pop(FIRST_SEEN, None)
        fields.pop(PRUNE_AT, None)
        preferences = decode_preferences(answers[1])
        shown = dict(answers[3]) if n_shown else {}
        if not fields and not shown and preferences is NO_PREFERENCES:
            return Known(NOBODY, stamp)
        profile = resolved(_readable(user, fields, shown), self._aliases())
        return Known(msgspec.structs.replace(profile, preferences=preferences), stamp)

    async def standing(self, wanted: list[tuple[str, str]]) -> list[Interaction | None]:
        """Return what readers did to items, by (user, item); None where that is nothing."""
        aliases = self._aliases()
        names = [aliases.resolve(item) for _, item in wanted]
        found = await self._pipe.send_all(
            [
                ("HGET", keys.profile(keys.shard_of(user), user), name)
                for (user, _), name in zip(wanted, names, strict=True)
            ]
        )
        return [
            None if raw is None else _interaction(user, name, raw)
            for (user, _), name, raw in zip(wanted, names, found, strict=True)
        ]

    async def replace(
        self, user: str, profile: Profile, first_seen_us: int | None, live_s: int
    ) -> None:
        """Replace a reader's profile; no event of theirs may arrive meanwhile.

        Args:
            first_seen_us: when they first did anything; None if they never did.
            live_s: seconds until it is forgotten; at most 0 forgets it now.
        """
        shard = keys.shard_of(user)
        held, shown = keys.profile(shard, user), keys.shown(shard, user)
        commands: list[tuple[object, ...]] = [("DEL", held), ("DEL", shown)]
        if live_s > 0:
            for start in range(0, len(profile.interactions), _PER_BATCH):
                some = profile.interactions[start : start + _PER_BATCH]
                pairs = [(i.item, _encode(packed(i))) for i in some]
                commands.append(("HSET", held, *(part for pair in pairs for part in pair)))
            if first_seen_us is not None:
                commands.append(("HSET", held, FIRST_SEEN, first_seen_us))
            if profile.shown:
                scored = [(at_us, item) for item, at_us in profile.shown.items()]
                commands.append(("ZADD", shown, *(part for pair in scored for part in pair)))
            if profile.interactions:
                commands.append(("HSET", held, VERSION, _new_version()))
            commands += [("EXPIRE", held, live_s), ("EXPIRE", shown, live_s)]
        await self._pipe.send_all(commands)


def _new_version() -> bytes:
    """Return a version that no profile had; as an item it says nothing, like the event log's."""
    return _encode({ACTED_ON: (int.from_bytes(os.urandom(6)), 0, 0)})


def _readable(user: str, fields: dict[bytes, bytes], shown: dict[bytes, float]) -> Profile:
    """Return a stored profile, without what of it cannot be read."""
    whole = damage.whole(lambda: decode_profile(fields, shown))
    if whole is not None:
        return whole
    found = (_interaction(user, item.decode(), raw) for item, raw in fields.items())
    seen = {item.decode(): int(at_us) for item, at_us in shown.items()}
    return Profile([one for one in found if one is not None], seen)


def _interaction(user: str, item: str, raw: bytes) -> Interaction | None:
    name = f"{user}\n{item}"
    return damage.read("profile", name, raw, lambda packed: decode_interaction(item, packed))
