"""Counting: what entries of the log do to the boards."""

from collections import defaultdict
from collections.abc import Mapping

from recsvc.core.access.trust import Trust, mark_of, trust_of
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import UPVOTE, Kind, Role
from recsvc.store.items.boards import Boards, Counts, Heat, Heats, Vote, Votes
from recsvc.store.items.tally import ANONYMOUS_VOTES
from recsvc.store.log.streams import Logged


def kind_of(event: Entry, kinds: Mapping[str, Kind]) -> Kind:
    """Return the kind of an event; one that only a newer version knows still counts."""
    return kinds.get(event.kind, Kind(Role.SIGNAL, event.kind))


def by_state(worth: Mapping[str, float], kinds: Mapping[str, Kind]) -> dict[str, float]:
    """Return what kinds are worth by the states and signals that they make."""
    return {kinds[name].state: votes for name, votes in worth.items() if name in kinds}


def crowd_of(event: Entry, trust: Trust) -> str:
    """Return the network that a vote shares its place with; empty for one that somebody vouches for."""
    return "" if trust.is_vouched else event.network or ""


class Found:
    """Adds up what entries do, in their order.

    Args:
        boards: knows what counts there.
    """

    def __init__(self, boards: Boards, kinds: Mapping[str, Kind]) -> None:
        self._boards = boards
        self._kinds = kinds
        self._worth = by_state(boards.worth, kinds)
        self._counts: defaultdict[str, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self._votes: defaultdict[str, list[Vote]] = defaultdict(list)
        self._heat: defaultdict[str, list[Heat]] = defaultdict(list)
        self._vouched: set[str] = set()

    def add(self, logged: Logged, event: Entry, place: int) -> None:
        """Add what one entry does.

        Args:
            place: of the entry among the others.
        """
        if trust_of(event.user, event.trust).is_vouched:
            self._vouched.add(event.item)
        kind = kind_of(event, self._kinds)
        if kind.role in (Role.SIGNAL, Role.EXPOSURE):
            self._counts[event.item][kind.state] += 1
            if b"f" in logged.fields:
                self._warm(event, kind, event.at_us)
        elif b"s" in logged.fields:  # else an older event than the state: nothing changed
            self._switch(logged, event, kind, place)

    def strangers(self) -> frozenset[str]:
        """Return the items of which only those speak for whom nobody vouches."""
        items = self._counts.keys() | self._votes.keys() | self._heat.keys()
        return frozenset(items) - self._vouched

    def sums(self) -> tuple[Counts, Votes, Heats]:
        """Return counters, votes and what else trending counts, by item."""
        counts: Counts = {item: dict(changes) for item, changes in self._counts.items()}
        return counts, dict(self._votes), dict(self._heat)

    def _switch(self, logged: Logged, event: Entry, kind: Kind, place: int) -> None:
        was, now = int(logged.fields[b"w"] or 0), int(logged.fields[b"n"] or 0)
        counter, trust = kind.state, trust_of(event.user, event.trust)
        if counter == UPVOTE and self._boards.keeps_apart(event.user, trust):
            counter = ANONYMOUS_VOTES
        elif counter == UPVOTE:
            due_us = int(logged.fields.get(b"d", 0))
            mark = mark_of(event.user, trust)
            vote = Vote(
                event.user, now, due_us, place=place, trust=mark, network=crowd_of(event, trust)
            )
            self._votes[event.item].append(vote)
        change = bool(now) - bool(was)
        if change:
            self._counts[event.item][counter] += change
        self._warm(event, kind, was, -1)
        self._warm(event, kind, now)

    def _warm(self, event: Entry, kind: Kind, at_us: int, sign: int = 1) -> None:
        worth = self._worth.get(kind.state)
        if worth and at_us:
            mark = mark_of(event.user, trust_of(event.user, event.trust))
            self._heat[event.item].append(Heat(at_us, sign * worth, event.user, mark))
