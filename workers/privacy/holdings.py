"""Holdings: every place where something of a reader is kept, each able to show it and to erase it.

Whoever keeps something else of readers adds a holding to the list in `workers/run.py`: export and
erasure both go through that list and through nothing else. Profiles are the one exception to erasing
here: they go at once, in the step that asks for the erasure.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from recsvc.clock import from_us, now_us
from recsvc.core.fitting import UNREADABLE
from recsvc.core.items.item import StoredItem
from recsvc.core.readers.events import Entry
from recsvc.store import keys
from recsvc.store.items.boards import Boards, Vote
from recsvc.store.items.catalogue import Items
from recsvc.store.items.tally import stored_vote
from recsvc.store.log.streams import Logged, Streams
from recsvc.store.readers.profiles import ALL, Profiles
from workers.log.archive import Archive

_ITEMS_AT_A_TIME = 200

Line = dict[str, Any]


class Leaver(msgspec.Struct, frozen=True):
    """A reader who is to be erased.

    Attributes:
        cut: id of the last entry of their log that must go.
    """

    user: str
    cut: str

    @property
    def shard(self) -> int:
        """The shard that the reader's log is in."""
        return keys.shard_of(self.user)


class Holding(Protocol):
    """A place where something of readers is kept; `name` is what its lines and counts are called."""

    name: str

    async def erase(self, leavers: Sequence[Leaver], /) -> dict[str, int]:
        """Erase readers, again if need be; return how much there was of each, by user."""

    def export(self, user: str, /) -> AsyncIterator[Line]:
        """Yield everything kept of a reader."""


class ProfileHolding:
    """Interactions, and what was shown."""

    name = "profile"

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def erase(self, _: Sequence[Leaver], /) -> dict[str, int]:
        """Erase nothing: profiles went with the request, and what is there now came after it."""
        return {}

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield interactions, then impressions."""
        profile, _ = await self._profiles.read(user, n_shown=ALL)
        for i in profile.interactions:
            states = {
                name: {"on": at_us > 0, "since": from_us(abs(at_us))}
                for name, at_us in i.states.items()
            }
            signals = {
                name: {"count": n, "value": milli / 1000, "last_at": from_us(last_us)}
                for name, (n, milli, last_us) in i.signals.items()
            }
            yield {"type": "interaction", "item": i.item, "states": states, "signals": signals}
        for item, at_us in profile.shown.items():
            yield {"type": "shown", "item": item, "at": from_us(at_us)}


class LogHolding:
    """Events in the streams; an export has those of the archive from here, too, each once."""

    name = "events"

    def __init__(self, streams: Streams, archive: Archive) -> None:
        self._streams = streams
        self._archive = archive

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Write the readers' logs anew without them."""
        erased: dict[str, int] = {}
        for shard, those in _by_shard(leavers).items():
            erased |= await self._streams.erase(shard, {x.user: x.cut for x in those})
        return erased

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the archived events, then those that are not yet.

        The streams are read first, since an entry leaves them only once it is in a file; one that is
        archived in between is in both.
        """
        waiting = {}
        for logged in await self._streams.range(keys.shard_of(user), "0-0", "+", None):
            event = _event_of(logged)
            if event is not None and event.user == user:
                waiting[_identity(logged.entry_id, event)] = event
        tables = self._archive.of(user)
        while (table := await asyncio.to_thread(next, tables, None)) is not None:
            for row in table.iter_rows(named=True):
                event = msgspec.convert(row, Entry, strict=False)
                waiting.pop(_identity(f"{row['entry_ms']}-{row['entry_seq']}", event), None)
                yield {"type": "archived_event"} | _event_line(event)
        for event in waiting.values():
            yield {"type": "event"} | _event_line(event)


class DeadLetterHolding:
    """Entries that could never be applied."""

    name = "dead_letters"

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Write the shards' dead letters anew without the readers'."""
        erased: dict[str, int] = {}
        for shard, those in _by_shard(leavers).items():
            erased |= await self._streams.erase_dead(shard, [x.user for x in those])
        return erased

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the reader's dead letters that can be read."""
        for logged in await self._streams.dead_letters(keys.shard_of(user)):
            event = _event_of(logged)
            if event is not None and event.user == user:
                reason = logged.fields.get(b"reason", b"").decode(errors="replace")
                yield {"type": "dead_letter", "reason": reason} | _event_line(event)


class ArchiveHolding:
    """Events in the archive."""

    name = "archived_events"

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Write the files anew that hold events of the readers."""
        cuts = {leaver.user: leaver.cut for leaver in leavers}
        return await asyncio.to_thread(self._archive.erase, cuts)

    async def export(self, _: str, /) -> AsyncIterator[Line]:
        """Yield nothing: the log shows them."""
        for line in list[Line]():
            yield line


class VoteHolding:
    """Votes on boards."""

    name = "votes"

    def __init__(self, boards: Boards, profiles: Profiles) -> None:
        self._boards = boards
        self._profiles = profiles

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Take the readers' votes away, but for those cast since; count the items' votes anew.

        Every item is looked at, since profiles keep the latest interactions only. A vote is compared
        with the profile of after the request, and goes if it still is as it was before comparing.
        """
        users = [leaver.user for leaver in leavers]
        erased = dict.fromkeys(users, 0)
        # In batches: one call of all items at once would stop the store for as long as it takes.
        for batch in _batches(await self._boards.items()):
            gone: dict[str, list[Vote]] = defaultdict(list)
            for user, stored in (await self._boards.votes_of(users, batch)).items():
                since = await self._votes_since(user) if stored else {}
                for item, value in stored.items():
                    if stored_vote(user, value).since_us != since.get(item):
                        gone[item].append(Vote(user, only_if=value))
                        erased[user] += 1
            await self._boards.take_away(gone, now_us())
        return erased

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the reader's votes, and when each counts."""
        for batch in _batches(await self._boards.items()):
            for item, value in (await self._boards.votes_of([user], batch))[user].items():
                vote = stored_vote(user, value)
                yield {
                    "type": "vote",
                    "item": item,
                    "since": from_us(vote.since_us),
                    "counts_from": from_us(vote.counts_us or vote.since_us),
                }

    async def _votes_since(self, user: str) -> dict[str, int]:
        profile, _ = await self._profiles.read(user)
        return {i.item: i.states.get("upvote", 0) for i in profile.interactions}


class OwnerHolding:
    """Being the owner of items."""

    name = "owned_items"

    def __init__(self, items: Items) -> None:
        self._items = items

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Take the readers off the lists of owners."""
        users = {leaver.user for leaver in leavers}
        erased = dict.fromkeys(users, 0)
        for item, owners in (await self._items.owners()).items():
            gone = users.intersection(owners)
            if gone:
                await self._items.change({item: _without(gone)})
            for user in gone:
                erased[user] += 1
        return erased

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the items that the reader owns."""
        for item, owners in (await self._items.owners()).items():
            if user in owners:
                yield {"type": "owned_item", "item": item}


def _without(users: set[str]) -> Any:
    def change(item: StoredItem | None) -> StoredItem | None:
        if item is None:
            return None
        return msgspec.structs.replace(item, owners=tuple(o for o in item.owners if o not in users))

    return change


def _by_shard(leavers: Sequence[Leaver]) -> dict[int, list[Leaver]]:
    found: dict[int, list[Leaver]] = defaultdict(list)
    for leaver in leavers:
        found[leaver.shard].append(leaver)
    return found


def _batches(items: list[str]) -> list[list[str]]:
    n = _ITEMS_AT_A_TIME
    return [items[start : start + n] for start in range(0, len(items), n)]


def _identity(entry_id: str, event: Entry) -> tuple[str, str, str, int, int]:
    """Return what makes an entry of a reader: an id alone is given out again by another store."""
    return entry_id, event.item, event.kind, event.at_us, event.received_us


def _event_of(logged: Logged) -> Entry | None:
    try:
        return logged.entry()
    except (*UNREADABLE, KeyError):
        return None


def _event_line(event: Entry) -> Line:
    line = {
        "item": event.item,
        "kind": event.kind,
        "at": from_us(event.at_us),
        "received_at": from_us(event.received_us),
        "event_id": event.event_id,
        "feed_id": event.feed_id,
        "position": event.position,
        "value": None if event.value_milli is None else event.value_milli / 1000,
        "source": event.source,
    }
    return {name: value for name, value in line.items() if value is not None}
