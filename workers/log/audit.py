"""The audit: a few boards and profiles, compared with what the log says of them.

Nothing else would notice a value that was damaged in its place, or a fault in what applies events. Only
what stood still while it was compared counts, and a difference is believed once it was seen twice.

The log may have less than it once had: who was erased is not in it, nor are files beyond their days. So
a counter is wrong where it is lower than the log says, and a state where it is older. Strangers are not
looked at: what is kept of them is bounded, whatever the log says.
"""

import asyncio
import random
from collections.abc import Iterator
from typing import NamedTuple

from recsvc.core.access.caller import is_anonymous
from recsvc.core.readers.kinds import Kind
from recsvc.core.readers.profile import Profile
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.readers.profiles import Profiles
from workers.log.archive import Archive
from workers.log.reading import Log, log_of, sample
from workers.log.rebuilding import counted, folded
from workers.log.thinning import is_unvouched

_EACH = 5
_AGAIN_S = 1.0


class Subject(NamedTuple):
    """What is looked at: `item` or `reader`, and its id."""

    kind: str
    name: str


class Derived(NamedTuple):
    """What is compared with the log."""

    boards: Boards
    profiles: Profiles
    items: Items


class Audit:
    """Looks at another sample each time, and again at what was wrong."""

    def __init__(
        self, archive: Archive, streams: Streams, derived: Derived, kinds: dict[str, Kind]
    ) -> None:
        self._archive = archive
        self._streams = streams
        self._derived = derived
        self._kinds = kinds
        self._suspects: set[Subject] = set()

    async def run_once(self, rng: random.Random) -> str | None:
        """Compare a sample; return what is wrong and what helps, or None, as where the log has gaps.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        looked_at = self._suspects | await self._sample(rng)
        found = await self._differences(looked_at)
        if found:
            await asyncio.sleep(_AGAIN_S)
            again = await self._differences(set(found))
            found = {one: why for one, why in found.items() if again.get(one) == why}
        self._suspects = set(found)
        if not found:
            return None
        # Without a file of it the log says something else, as where a vote was taken back in that file.
        if await asyncio.to_thread(self._archive.gaps):
            return None
        return (
            f"{len(found)} of {len(looked_at)} boards and profiles looked at differ from the log "
            f"({next(iter(found.values()))}): stop the service and run `recsvc rebuild`"
        )

    async def _sample(self, rng: random.Random) -> set[Subject]:
        """Return who and what some entries speak of, of a file and of the stream of a shard."""
        some = await sample(self._archive, self._streams, rng, _EACH)
        aliases = await self._derived.items.aliases()
        others = aliases.keys() | set(aliases.values())  # what two names did is added up
        return {Subject("reader", user) for user, _ in some if not is_anonymous(user)} | {
            Subject("item", item) for _, item in some if item not in others
        }

    async def _differences(self, subjects: set[Subject]) -> dict[Subject, str]:
        users = sorted(one.name for one in subjects if one.kind == "reader")
        items = sorted(one.name for one in subjects if one.kind == "item")
        applied = await self._derived.boards.applied()
        boards, profiles = await self._boards(items), await self._profiles(users)
        log = await log_of(self._archive, self._streams, users, items)
        still = {i: has for i, has in (await self._boards(items)).items() if has == boards[i]}
        same = {u: p for u, p in (await self._profiles(users)).items() if p == profiles[u]}

        def wrong() -> dict[Subject, str]:
            behind = log.items_after(applied)
            on_boards = {item: has for item, has in still.items() if item not in behind}
            found = dict(self._wrong_boards(log, on_boards))
            return found | dict(self._wrong_profiles(log, same))

        # Of what is popular there may be a hundred thousand entries: meanwhile others go on the boards.
        return await asyncio.to_thread(wrong)

    async def _boards(self, items: list[str]) -> dict[str, dict[str, int]]:
        """Return what is counted of each item, its votes by what is stored of them."""
        return await self._derived.boards.counts_of(items)

    async def _profiles(self, users: list[str]) -> dict[str, Profile]:
        return {user: (await self._derived.profiles.read(user))[0] for user in users}

    def _wrong_boards(
        self, log: Log, boards: dict[str, dict[str, int]]
    ) -> Iterator[tuple[Subject, str]]:
        spoken = log.of(items=boards).events
        vouched = Log(spoken.filter(~is_unvouched(spoken)), log.until)
        expected = counted(vouched, self._derived.boards, self._kinds, 0).counts
        for item, counters in expected.items():
            for counter, n in counters.items():
                if (has := boards[item].get(counter, 0)) < n:
                    yield Subject("item", item), f"{item!r} has {has} of {n} {counter}"

    def _wrong_profiles(
        self, log: Log, profiles: dict[str, Profile]
    ) -> Iterator[tuple[Subject, str]]:
        for user, _, expected in folded(log.of(users=profiles), self._kinds):
            has = {one.item: one.states for one in profiles[user].interactions}
            if profiles[user].is_empty:
                continue  # it lapsed, or was erased meanwhile
            for one in expected.interactions:
                for state, at_us in one.states.items():
                    if at_us > 0 and abs(has.get(one.item, {}).get(state, 0)) < at_us:
                        yield Subject("reader", user), f"a reader's {state} of {one.item!r} is gone"
