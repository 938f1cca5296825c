"""Kept answers: what was answered to a reader, for as long as nothing changed that it is made of.

Each asking goes to the store for the reader's stamp, so that what they did, prefer or had erased just
now shows, whichever process took it. What everybody's lists are made of - items, the model, the hour of
exploration - is compared in memory, as this process has heard of it, and so are the votes that its cards
count. Only the order may be older than the boards, by an epoch: they move with every vote of anybody,
and keyed by them no feed would ever be found again on a busy site. docs/decisions/0018 has the price.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import SECOND_US, now_us
from recsvc.core.items.catalogue import Rows
from recsvc.core.ranking.cursor import Cursor
from recsvc.lists.params import KeptParams
from recsvc.lists.shapes import Feed, FeedOptions, Listed, Page
from recsvc.live.view import Moment
from recsvc.store.readers.profiles import Stamp

Outcome = Literal["again", "made"]

_MB = 2**20
_BESIDE_ITEMS_BYTES = 2_000


class Sized(Protocol):
    """What takes room.

    Attributes:
        size_bytes: how much, about.
    """

    @property
    def size_bytes(self) -> int: ...  # noqa: D102


class Keepable(Sized, Protocol):
    """What may be kept.

    Attributes:
        made_us: no later than anything it is made of was read.
    """

    @property
    def made_us(self) -> int: ...  # noqa: D102


K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Sized)
V = TypeVar("V", bound=Keepable)


class Bounded(Generic[K, S]):
    """Holds so many bytes of things, those put in last."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self.held: dict[K, S] = {}

    def put(self, key: K, thing: S) -> None:
        """Hold something, what was put in longest ago going when there is too much."""
        self.drop(key)
        self.held[key] = thing
        self._bytes += thing.size_bytes
        while self._bytes > self._most_bytes:
            self.drop(next(iter(self.held)))

    def drop(self, key: K) -> None:
        """Hold something no longer, if it is held."""
        known = self.held.pop(key, None)
        if known is not None:
            self._bytes -= known.size_bytes


class Kept(Generic[K, V]):
    """Keeps answers within a bound, those made last; none beyond the epoch."""

    def __init__(self, params: KeptParams) -> None:
        self._epoch_us = int(params.epoch_s * SECOND_US)
        self._bounded: Bounded[K, V] = Bounded(params.megabytes * _MB)
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def _held(self) -> dict[K, V]:
        return self._bounded.held

    def find(self, key: K) -> V | None:
        """Return what is kept and not too old; whether its reader changed is not known yet."""
        kept = self._held.get(key)
        if kept is None or not 0 <= now_us() - kept.made_us < self._epoch_us:
            return None
        return kept

    def keep(self, key: K, kept: V) -> None:
        """Keep an answer, those kept longest going when there are too many; none without an epoch."""
        if not self._epoch_us:
            return
        self._bounded.put(key, kept)
        if self._sweeping is None and self._held:
            self._sweep_later()

    def _sweep_later(self) -> None:
        delay_s = self._epoch_us / SECOND_US
        self._sweeping = asyncio.get_running_loop().call_later(delay_s, self._sweep)

    def _sweep(self) -> None:
        """Forget what is too old: of somebody who was erased meanwhile nothing stays."""
        self._sweeping = None
        since_us = now_us() - self._epoch_us
        for key in [key for key, kept in self._held.items() if kept.made_us <= since_us]:
            self._bounded.drop(key)
        if self._held:
            self._sweep_later()


class KeptFeed(msgspec.Struct, frozen=True):
    """A feed as it was answered.

    Attributes:
        feed: its items encoded.
        cursor: of its next page, if there is one.
        stamp, moment, made_us: of what it was made.
        rows, votes: (k,) the items listed, and the votes that their cards show.
        shown: the same as its exposure says it.
    """

    feed: Feed
    cursor: Cursor | None
    stamp: Stamp
    moment: Moment
    made_us: int
    rows: Rows
    votes: NDArray[np.int64]
    shown: bytes = b""

    @property
    def size_bytes(self) -> int:
        """What it takes, about."""
        return size_bytes(self.feed) + len(self.shown)

    def counts_as(self, votes: NDArray[np.int64]) -> bool:
        """Return whether its cards show what the boards count.

        Args:
            votes: (n,) by row.
        """
        return np.array_equal(votes[self.rows], self.votes)


class KeptFeeds(Kept[tuple[str, Page, FeedOptions], KeptFeed]):
    """Keeps feeds by whose they are and how they were asked for.

    Attributes:
        observe: told of each feed whether it was answered again or made.
    """

    def __init__(self, params: KeptParams) -> None:
        super().__init__(params)
        self.observe: Callable[[Outcome], object] = lambda _: None


def encoded(items: list[Listed]) -> list[Listed]:
    """Return items as the JSON they become, for answers that are only sent on."""
    return cast("list[Listed]", msgspec.Raw(msgspec.json.encode(items)))


def size_bytes(feed: Feed) -> int:
    """Return what a feed takes whose items are encoded, about."""
    return _BESIDE_ITEMS_BYTES + memoryview(cast("Any", feed.items)).nbytes
