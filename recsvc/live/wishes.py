"""Wishes: what readers hid and mute, kept at hand for when the store cannot be asked.

A store that is away must not bring back what somebody asked never to see again. So a process remembers,
of the readers it served or heard from lately, what they hid and what they prefer, and no more; on local
disk too, where it is found by the processes that start after it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from recsvc.clock import now_us
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import HIDE, Kind, Role
from recsvc.core.readers.preferences import NO_PREFERENCES, Preferences
from recsvc.core.readers.profile import Profile
from recsvc.live.wish_file import Kept, WishFile

_READERS = 50_000


class Wish(msgspec.Struct):
    """What one reader does not want to see, and prefers.

    Attributes:
        hidden: item -> instant it was hidden or, negative, shown again (µs).
    """

    hidden: dict[str, int] = {}
    preferences: Preferences = NO_PREFERENCES

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not self.hidden and self.preferences.is_empty

    @property
    def items(self) -> list[str]:
        """The items that are hidden."""
        return [item for item, at_us in self.hidden.items() if at_us > 0]


class Wishes:
    """The wishes of the readers heard of last, up to a bound.

    Args:
        file: where they are kept for the processes of later; nowhere if None.
    """

    def __init__(
        self, kinds: Mapping[str, Kind], readers: int = _READERS, file: WishFile | None = None
    ) -> None:
        self._kinds = kinds
        self._readers = readers
        self._file = file
        self._of: dict[str, Wish] = {}
        for user, kept in () if file is None else file.read().items():
            self._hold(user, Wish(kept.hidden, kept.preferences))

    def of(self, user: str) -> Wish:
        """Return what is known of a reader; nothing of somebody who was not heard of."""
        return self._of.get(user) or Wish()

    def read(self, user: str, profile: Profile) -> None:
        """Note what the store says of a reader."""
        hidden = {i.item: i.states[HIDE] for i in profile.interactions if HIDE in i.states}
        self._keep(user, Wish(hidden, profile.preferences))

    def logged(self, entries: Iterable[Entry]) -> None:
        """Note what readers hid and took back just now."""
        for entry in entries:
            kind = self._kinds[entry.kind]
            if kind.state == HIDE and kind.role in (Role.STATE, Role.CLEAR):
                known = self.of(entry.user)
                at_us = entry.at_us if kind.role is Role.STATE else -entry.at_us
                latest = max(known.hidden.get(entry.item, 0), at_us, key=abs)
                self._keep(
                    entry.user, Wish({**known.hidden, entry.item: latest}, known.preferences)
                )

    def preferred(self, user: str, preferences: Preferences) -> None:
        """Note what a reader follows and mutes now."""
        self._keep(user, Wish(self.of(user).hidden, preferences))

    @property
    def readers(self) -> list[str]:
        """The readers whose wishes are known."""
        return list(self._of)

    def forget(self, erased: Mapping[str, int]) -> None:
        """Forget readers, here and on disk.

        Args:
            erased: readers, each with the instant (µs) that everything before must go.
        """
        if self._file is None or not (erased or self._file.is_overtaken):
            return
        kept = self._file.read()
        gone = {u for u, at_us in erased.items() if u not in kept or kept[u].at_us < at_us}
        for user in gone:  # a worker may have taken them off the disk
            self._of.pop(user, None)
        if gone & kept.keys() or self._file.is_overtaken:
            self._file.write_anew(lambda one: one.at_us >= erased.get(one.user, 0))

    def _keep(self, user: str, wish: Wish) -> None:
        known = self._of.pop(user, None)
        self._hold(user, wish)
        if self._file is None or wish == (known or Wish()):
            return
        if wish.is_empty:  # a line that says so would name somebody who was erased
            self._file.write_anew(lambda one: one.user != user)
        else:
            self._file.append(Kept(user, now_us(), wish.hidden, wish.preferences))

    def _hold(self, user: str, wish: Wish) -> None:
        if not wish.is_empty:
            self._of[user] = wish
            if len(self._of) > self._readers:
                del self._of[next(iter(self._of))]
