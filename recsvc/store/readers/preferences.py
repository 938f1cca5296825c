"""Preferences in Redis: one hash per reader, beside the profile and read together with it.

A field is a letter for the kind of thing and its name; its value says whether it is followed or muted.
The field without a name holds since when the reader's private feed address is valid.
"""

import math
from collections.abc import Callable, Mapping

from recsvc.clock import DAY_S, now_us
from recsvc.core.access.budget import BUDGET, BudgetParams
from recsvc.core.access.budget import MAX_PREFERENCES as MAX_OF_A_STRANGER
from recsvc.core.access.caller import is_anonymous
from recsvc.core.readers.preferences import NO_PREFERENCES, Preferences, Stance
from recsvc.errors import TooLargeError
from recsvc.store import keys, scripts
from recsvc.store.pipe import Pipe

MAX_PREFERENCES = 500

_ADDRESS = b""
_KINDS = {b"t": "topics", b"o": "organisations", b"w": "words"}
_LETTERS = {name: letter.decode() for letter, name in _KINDS.items()}
_STANCES: dict[bytes, Stance] = {b"follow": "follow", b"mute": "mute"}

# By kind, what becomes of each name; None takes a preference back.
Changes = Mapping[str, Mapping[str, Stance | None]]


def decode_preferences(fields: Mapping[bytes, bytes]) -> Preferences:
    """Decode what the store keeps; kinds and stances of newer versions are ignored."""
    if not fields:
        return NO_PREFERENCES
    found = Preferences()
    for field, value in fields.items():
        kind, stance = _KINDS.get(field[:1]), _STANCES.get(value)
        if kind is not None and stance is not None:
            getattr(found, kind)[field[2:].decode()] = stance
    return found


class ReaderPreferences:
    """Reads and changes what readers follow and mute, and the addresses of their private feeds.

    Those of anonymous sessions end some time after they were last changed or used.

    Attributes:
        observe_changed: told of a reader's preferences when they changed.
    """

    def __init__(self, pipe: Pipe, budget: BudgetParams = BUDGET) -> None:
        self._pipe = pipe
        self._most = math.ceil(budget.readers / keys.N_SHARDS)
        self._ttl_s = int(budget.preference_days * DAY_S)
        self.observe_changed: Callable[[str, Preferences], object] = lambda *_: None

    async def read(self, user: str) -> Preferences:
        """Return a reader's preferences; empty for somebody unknown."""
        return decode_preferences(await self._pipe.send("HGETALL", _key(user)))

    async def change(self, user: str, changes: Changes) -> Preferences:
        """Change some of a reader's preferences, leave the others, and return them all.

        Raises:
            TooLargeError: when there would be too many.
        """
        named = [
            (f"{_LETTERS[kind]}:{name}", stance)
            for kind, stances in changes.items()
            for name, stance in stances.items()
        ]
        new = [field for field, stance in named if stance is not None]
        gone = [field for field, stance in named if stance is None]
        key = _key(user)
        known: dict[bytes, bytes] = await self._pipe.send("HGETALL", key)
        kept = {field.decode() for field in known} | set(new)
        most = MAX_OF_A_STRANGER if is_anonymous(user) else MAX_PREFERENCES
        if new and len(kept - set(gone) - {""}) > most:
            raise TooLargeError(f"at most {most} preferences per reader")
        commands: list[tuple[object, ...]] = []
        if new:
            pairs = [part for pair in named if pair[1] is not None for part in pair]
            commands.append(("HSET", key, *pairs))
        if gone:
            commands.append(("HDEL", key, *gone))
        commands.append(("HGETALL", key))
        changed = decode_preferences((await self._pipe.send_all(commands))[-1])
        await self._keep(user)
        self.observe_changed(user, changed)
        return changed

    async def address(self, user: str) -> int | None:
        """Return since when (µs) the reader's private feed address is valid; None without one."""
        since = await self._pipe.send("HGET", _key(user), _ADDRESS)
        if since is None:
            return None
        await self._keep(user)
        return int(since)

    async def make_address(self, user: str, now_us: int) -> int:
        """Make a reader's private feed address, unless there is one; return since when it is valid."""
        key = _key(user)
        answers = await self._pipe.send_all(
            [("HSETNX", key, _ADDRESS, now_us), ("HGET", key, _ADDRESS)]
        )
        await self._keep(user)
        return int(answers[1])

    async def bound_former(self) -> int:
        """Bring what anonymous sessions left in former releases under the budget; return how many."""
        n = 0
        async for key in self._pipe.scan(keys.of_anybody("prefs")):
            user = key.decode().partition("}:prefs:")[2]
            if is_anonymous(user) and await self._pipe.send("TTL", key) < 0:
                await self._keep(user)
                n += 1
        return n

    async def _keep(self, user: str) -> None:
        """Let what an anonymous session left live on from now."""
        if is_anonymous(user):
            shard = keys.shard_of(user)
            key_names = [keys.strangers(shard), keys.preferences(shard, user)]
            args = [user, now_us(), self._most, self._ttl_s]
            await scripts.call(self._pipe, "stranger", key_names, args)

    async def revoke_address(self, user: str) -> bool:
        """Make a reader's private feed address invalid for ever; return whether there was one."""
        return bool(await self._pipe.send("HDEL", _key(user), _ADDRESS))


def _key(user: str) -> str:
    return keys.preferences(keys.shard_of(user), user)
