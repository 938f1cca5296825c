"""Kept feeds: a reader's feed as it was answered, for as long as nothing changed that it is made of.

Each asking goes to the store for the reader's stamp, so that what they did, prefer or had erased just
now shows, whichever process took it. What everybody's feed is made of - items, the model, the hour of
exploration - is compared in memory, as this process has heard of it. Only the boards, which move with
every vote of anybody, may be as old as an epoch: keyed by them, no feed would ever be found again on a
busy site. docs/decisions/0018 has the price.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, cast

import msgspec

from recsvc.clock import HOUR_US, SECOND_US, now_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.core.ranking.cursor import Cursor
from recsvc.lists.params import KeptParams
from recsvc.lists.shapes import Feed, FeedOptions, Listed, Page
from recsvc.live.view import Live
from recsvc.store.readers.profiles import Stamp

Outcome = Literal["again", "made"]

_MB = 2**20
_MADE_OF_BYTES = 2_000  # what a feed takes beside its items, about


class Moment(msgspec.Struct, frozen=True):
    """What every feed is made of, boards apart: the same while nothing of it changed."""

    catalogue: Catalogue
    items_version: int
    model: Model
    hour: int

    def is_same(self, other: "Moment") -> bool:
        """Return whether nothing changed since."""
        return (
            self.catalogue is other.catalogue
            and self.items_version == other.items_version
            and self.model is other.model
            and self.hour == other.hour
        )


def moment_of(live: Live) -> Moment:
    """Return this moment."""
    catalogue = live.catalogue
    _ = catalogue.visible  # notices what is listed, or has ended, by now
    return Moment(catalogue, catalogue.items_version, live.model, now_us() // HOUR_US)


class KeptFeed(msgspec.Struct, frozen=True):
    """A feed as it was answered.

    Attributes:
        feed: its items encoded.
        cursor: of its next page, if there is one.
        made_us: no later than anything it is made of was read.
    """

    feed: Feed
    cursor: Cursor | None
    stamp: Stamp
    moment: Moment
    made_us: int

    @property
    def size_bytes(self) -> int:
        """What it takes, about."""
        return _MADE_OF_BYTES + len(cast("Any", self.feed.items))


# Whose, and how it was asked for.
Key = tuple[str, Page, FeedOptions]


class KeptFeeds:
    """Keeps feeds within a bound, those made last; none beyond the epoch.

    Attributes:
        observe: told of each feed whether it was answered again or made.
    """

    def __init__(self, params: KeptParams) -> None:
        self._epoch_us = int(params.epoch_s * SECOND_US)
        self._bound = params.megabytes * _MB
        self._held: dict[Key, KeptFeed] = {}
        self._bytes = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self.observe: Callable[[Outcome], object] = lambda _: None

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self._epoch_us > 0 and self._bound > 0

    def find(self, key: Key) -> KeptFeed | None:
        """Return what is kept and not too old; whether its reader changed is not known yet."""
        kept = self._held.get(key)
        if kept is None or not 0 <= now_us() - kept.made_us < self._epoch_us:
            return None
        return kept

    def keep(self, key: Key, kept: KeptFeed) -> None:
        """Keep a feed, those made longest ago going when there are too many."""
        self.drop(key)
        self._held[key] = kept
        self._bytes += kept.size_bytes
        while self._bytes > self._bound:
            self.drop(next(iter(self._held)))
        if self._sweeping is None:
            self._sweep_later()

    def drop(self, key: Key) -> None:
        """Forget a feed."""
        known = self._held.pop(key, None)
        if known is not None:
            self._bytes -= known.size_bytes

    def _sweep_later(self) -> None:
        delay_s = self._epoch_us / SECOND_US
        self._sweeping = asyncio.get_running_loop().call_later(delay_s, self._sweep)

    def _sweep(self) -> None:
        """Forget what is too old: of somebody who was erased meanwhile nothing stays."""
        self._sweeping = None
        since_us = now_us() - self._epoch_us
        for key in [key for key, kept in self._held.items() if kept.made_us <= since_us]:
            self.drop(key)
        if self._held:
            self._sweep_later()


def encoded(items: list[Listed]) -> list[Listed]:
    """Return items as the JSON they become, for answers that are only sent on."""
    return cast("list[Listed]", msgspec.Raw(msgspec.json.encode(items)))
