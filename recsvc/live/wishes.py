"""Wishes: what readers hid and mute, kept at hand for when the store cannot be asked.

A store that is away must not bring back what somebody asked never to see again. So a process remembers,
of the readers it served or heard from lately, what they hid and what they prefer, and no more.
"""

from collections.abc import Iterable, Mapping

import msgspec

from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import HIDE, Kind, Role
from recsvc.core.readers.preferences import NO_PREFERENCES, Preferences
from recsvc.core.readers.profile import Profile

_READERS = 50_000


class Wish(msgspec.Struct):
    """What one reader does not want to see, and prefers.

    Attributes:
        hidden: item -> instant it was hidden or, negative, shown again (µs).
    """

    hidden: dict[str, int] = {}
    preferences: Preferences = NO_PREFERENCES

    @property
    def items(self) -> list[str]:
        """The items that are hidden."""
        return [item for item, at_us in self.hidden.items() if at_us > 0]


class Wishes:
    """The wishes of the readers heard of last, up to a bound."""

    def __init__(self, kinds: Mapping[str, Kind], readers: int = _READERS) -> None:
        self._kinds = kinds
        self._readers = readers
        self._of: dict[str, Wish] = {}

    def of(self, user: str) -> Wish:
        """Return what is known of a reader; nothing of somebody who was not heard of."""
        return self._of.get(user) or Wish()

    def read(self, user: str, profile: Profile) -> None:
        """Note what the store says of a reader."""
        hidden = {i.item: i.states[HIDE] for i in profile.interactions if HIDE in i.states}
        self._of.pop(user, None)
        if hidden or not profile.preferences.is_empty:
            self._keep(user, Wish(hidden, profile.preferences))

    def logged(self, entries: Iterable[Entry]) -> None:
        """Note what readers hid and took back just now."""
        for entry in entries:
            kind = self._kinds[entry.kind]
            if kind.state == HIDE and kind.role in (Role.STATE, Role.CLEAR):
                known = self._of.pop(entry.user, None) or Wish()
                at_us = entry.at_us if kind.role is Role.STATE else -entry.at_us
                latest = max(known.hidden.get(entry.item, 0), at_us, key=abs)
                known = Wish({**known.hidden, entry.item: latest}, known.preferences)
                self._keep(entry.user, known)

    def preferred(self, user: str, preferences: Preferences) -> None:
        """Note what a reader follows and mutes now."""
        known = self._of.pop(user, None) or Wish()
        self._keep(user, Wish(known.hidden, preferences))

    def _keep(self, user: str, wish: Wish) -> None:
        self._of[user] = wish
        if len(self._of) > self._readers:
            del self._of[next(iter(self._of))]
