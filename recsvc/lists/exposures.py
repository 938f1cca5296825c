"""Exposures: which lists readers were served, noted for the price of a few microseconds.

A feed that is answered again is packed already, so that noting it is putting a line into a list. What
gathered is sent on a quarter of a second later, by one command for all of it. Nobody waits for that: a
process that is killed loses what it had in hand, and while the store is away so much is held, no more.
"""

import asyncio
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import msgspec

from recsvc.clock import now_us
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.unit_points import unit_points
from recsvc.errors import StoreError
from recsvc.lists.params import ExposureParams
from recsvc.lists.shapes import Feed
from recsvc.store.log.exposures import Exposure, ExposureLog, Shown, packed

IN_HAND_S = 0.25

_AGAIN_S = 2.0
_MOST_BYTES = 4 * 2**20
_WHOLE = 2**32
# What each voice says takes 32 µs to ask for, and as many bytes as the rest of an exposure.
_PER_POINTS = 8

Outcome = Literal["noted", "lost"]


class Serving(NamedTuple):
    """How a list came about.

    Attributes:
        began_ns: when it was begun, by the monotonic clock; None: nobody looked.
        variants: `experiment=variant`, of the experiments that its reader is in.
    """

    began_ns: int | None = None
    variants: tuple[str, ...] = ()


_SOMEHOW = Serving()


class Exposures:
    """Notes which lists were served.

    Attributes:
        observe: told what became of exposures, and of how many.
    """

    def __init__(self, params: ExposureParams, log: ExposureLog | None) -> None:
        """Note exposures.

        Args:
            log: None: nothing is noted, where nobody is served.
        """
        self._share = params.share if log is not None else 0.0
        self._log = log
        self._waiting: list[bytes] = []
        self._n_bytes = 0
        self._due: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self.observe: Callable[[Outcome, int], object] = lambda _, __: None

    def counts(self, user: str) -> bool:
        """Return whether a reader is one of those whose lists are noted: of these, all are."""
        return zlib.crc32(f"exposure\n{user}".encode()) < self._share * _WHOLE

    def note(self, user: str, feed_id: str, shown: bytes, how: Serving = _SOMEHOW) -> None:
        """Note that a reader is served a list, unless they are none of those who count.

        Args:
            shown: of the list, as `shown_in` says.
        """
        if not self.counts(user):
            return
        took_us = None
        if how.began_ns is not None:
            took_us = (time.monotonic_ns() - how.began_ns) // 1_000
        exposure = Exposure(
            feed_id, user, now_us(), self._share, how.variants, msgspec.Raw(shown), took_us
        )
        one = packed(exposure)
        if self._n_bytes + len(one) > _MOST_BYTES:
            self.observe("lost", 1)
            return
        self._waiting.append(one)
        self._n_bytes += len(one)
        if self._due is None and self._sending is None:
            self._send_in(IN_HAND_S)

    async def stop(self) -> None:
        """Send on what is in hand, if the store takes it."""
        self._wait_no_more()
        if self._sending is not None:
            await self._sending
        await self._send()
        self._wait_no_more()

    def _wait_no_more(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _send_in(self, seconds: float) -> None:
        self._due = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._due = None
        self._sending = asyncio.create_task(self._send(), name="exposures")

    async def _send(self) -> None:
        waiting, self._waiting, self._n_bytes = self._waiting, [], 0
        pause_s = IN_HAND_S
        try:
            if waiting and self._log is not None:
                await self._log.append(waiting)
                self.observe("noted", len(waiting))
        except StoreError:
            self._waiting = waiting + self._waiting
            self._n_bytes = sum(map(len, self._waiting))
            pause_s = _AGAIN_S
        finally:
            self._sending = None
        if self._waiting and self._due is None:
            self._send_in(pause_s)


class Behind(msgspec.Struct, frozen=True):
    """What is behind a list, beside what it shows.

    Attributes:
        teams: by position, which ranking picked a place of an interleaved list.
        is_tried: whether an experiment named the model.
        ranking: of a page whose voices' points are noted.
    """

    teams: Mapping[int, int] = {}
    is_tried: bool = False
    ranking: Ranking | None = None


NOTHING = Behind()


def notes_points(feed_id: str) -> bool:
    """Return whether the voices' points are noted of a list: of one in `_PER_POINTS`, at random."""
    return zlib.crc32(f"points\n{feed_id}".encode()) % _PER_POINTS == 0


def shown_in(feed: Feed, behind: Behind = NOTHING) -> bytes:
    """Return what a feed shows, packed; its items must not be encoded yet."""
    items, teams = feed.items, behind.teams
    speakers, points = ([], None) if behind.ranking is None else unit_points(behind.ranking)
    return packed(
        Shown(
            feed.source,
            feed.snapshot_id,
            [one.position for one in items],
            [one.id for one in items],
            [one.source for one in items],
            [None if one.propensity is msgspec.UNSET else one.propensity for one in items],
            # What chance put there is nobody's pick.
            [None if one.source == "explore" else teams.get(one.position) for one in items]
            if teams
            else [],
            behind.is_tried,
            tuple(speakers),
            b"" if points is None else points.astype("<f4").tobytes(),
        )
    )
