"""The catalogue as one process sees it: what ranking needs of every item, in arrays by row.

What may be listed depends on the time: an item that is to be listed later waits, one that expired has
ended. The mask is kept until the next instant at which it changes.

Texts stay in the store. Rows are given out by the store, never reused for another item, so a row means
the same in every process and snapshot; the rows of deleted items are holes that are never listed.
"""

import copy
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import now_us, to_us
from recsvc.core.choices import Window
from recsvc.core.items.aliases import Aliases
from recsvc.core.items.item import StoredItem
from recsvc.core.items.labels import Labels, folded
from recsvc.core.items.trending import WINDOWS, BoardRow

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Filters(msgspec.Struct, frozen=True):
    """Which items a list may show.

    Attributes:
        topic: any of these.
        topic_all: all of these.
        topic_not: none of these.
        organisation: from any of these, by slug.
        since, until: listed in [since, until), µs.
        exclude: none of these items.
    """

    topic: tuple[str, ...] = ()
    topic_all: tuple[str, ...] = ()
    topic_not: tuple[str, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    exclude: tuple[str, ...] = ()
    organisation: tuple[str, ...] = ()


class Boards(msgspec.Struct, frozen=True):
    """What the boards hold of every item.

    Attributes:
        votes: (n,) standing upvotes.
        last_vote_us: (n,) instant of the latest; 0 without any.
        scores: (windows, n) log2 of the decayed votes; -inf without any.
    """

    votes: NDArray[np.int64]
    last_vote_us: NDArray[np.int64]
    scores: NDArray[np.float64]


NO_FILTERS = Filters()
_NEVER_US = 2**62


class Catalogue:
    """Every item by row.

    Attributes:
        n: rows given out so far.
        rows: row by item id, also of deleted items; aliases have none.
        aliases: the other names of items.
        version: grows with every change.
        items_version: grows with every change but those of boards.
        topics: which rows carry which topic, the source's own or extracted.
        organisations: which rows come from which organisation, by slug.
        submitters: which rows were submitted by whom, by handle.
        owners: which rows belong to which readers.
    """

    def __init__(self, clock: Callable[[], int] = now_us) -> None:
        self.n = 0
        self.version = 0
        self.items_version = 0
        self._clock = clock
        self.rows: dict[str, int] = {}
        self.aliases = Aliases()
        self._ids: list[str] = []
        self.topics = Labels(folded)
        self.organisations = Labels()
        self.submitters = Labels()
        self.owners = Labels()
        self._early: dict[str, BoardRow] = {}  # events came before their item
        self._newest: Rows | None = None
        self._id_places = np.zeros(0, np.int64)
        self._shown = np.zeros(0, bool)  # neither hidden nor deleted
        self._present = np.zeros(0, bool)  # not deleted
        self._listed_us = np.zeros(0, np.int64)
        self._expires_us = np.zeros(0, np.int64)
        self._visible = np.zeros(0, bool)
        self._visible_until_us = (
            0  # the instant at which it changes by itself; 0 when it must be made
        )
        self._votes = np.zeros(0, np.int64)
        self._upvotes_elsewhere = np.zeros(0, np.int64)
        self._comments = np.zeros(0, np.int64)
        self._last_vote_us = np.zeros(0, np.int64)
        self._scores = np.full((len(WINDOWS), 0), -math.inf)

    @property
    def visible(self) -> Mask:
        """(n,) whether the item may be listed now."""
        now = self._clock()
        if now >= self._visible_until_us:
            if self._visible_until_us > 0:  # what was put in has been counted
                self._item_changed()
            self._look(now)
        return self._visible

    @property
    def hidden(self) -> Mask:
        """(n,) whether there is an item that may not be listed now: hidden, waiting or at its end."""
        return self._present[: self.n] & ~self.visible

    @property
    def listed_us(self) -> NDArray[np.int64]:
        """(n,) when the item was listed, µs."""
        return self._listed_us[: self.n]

    @property
    def votes(self) -> NDArray[np.int64]:
        """(n,) standing upvotes counted here."""
        return self._votes[: self.n]

    @property
    def upvotes(self) -> NDArray[np.int64]:
        """(n,) upvotes as lists show them: counted here and known from elsewhere."""
        return self._votes[: self.n] + self._upvotes_elsewhere[: self.n]

    @property
    def comments(self) -> NDArray[np.int64]:
        """(n,) comments, as the source counts them."""
        return self._comments[: self.n]

    @property
    def last_vote_us(self) -> NDArray[np.int64]:
        """(n,) instant of the latest standing upvote; 0 without."""
        return self._last_vote_us[: self.n]

    def scores(self, window: Window) -> NDArray[np.float64]:
        """Return (n,) log2 of the decayed votes in a window; -inf without votes."""
        return self._scores[WINDOWS.index(window), : self.n]

    def id_of(self, row: int) -> str:
        """Return the id of a row."""
        return self._ids[row]

    def row_of(self, item: str) -> int | None:
        """Return the row of an item that can be listed, by any of its names, else None."""
        row = self.rows.get(self.aliases.resolve(item))
        return row if row is not None and self._is_visible(row) else None

    def put(self, row: int, item: StoredItem) -> None:
        """Take an item in, or what became of it."""
        self._item_changed()
        self._reserve(row, item.id)
        self._shown[row] = not item.hidden
        self._present[row] = True
        self._listed_us[row] = _us(item.listed_at, item.created_us)
        self._expires_us[row] = _us(item.expires_at, _NEVER_US)
        self._upvotes_elsewhere[row] = item.upvotes
        self._comments[row] = item.comments
        self.topics.put(row, item.shown_topics)
        self.organisations.put(row, [item.organisation.slug] if item.organisation else [])
        self.aliases.put(item.id, item.aliases)
        self.submitters.put(row, [item.submitter] if item.submitter else [])
        self.owners.put(row, item.owners)
        self._visible_until_us = 0
        board = self._early.pop(item.id, None)
        if board is not None:
            self.set_board(item.id, board)

    def remove(self, row: int, item: str) -> None:
        """Stop listing an item; its row stays its own."""
        self._item_changed()
        self._reserve(row, item)
        self._shown[row] = False
        self._present[row] = False
        self.topics.put(row, ())
        self.organisations.put(row, ())
        self.aliases.remove(item)
        self.submitters.put(row, ())
        self.owners.put(row, ())
        self._visible_until_us = 0

    def owned_by(self, user: str | None) -> list[int]:
        """Return the rows of what belongs to a reader; nothing belongs to somebody unknown."""
        return [] if user is None else self.owners.rows([user]).tolist()

    def set_board(self, item: str, board: BoardRow) -> None:
        """Take in what the boards say of an item; kept aside until the item itself arrives."""
        self.version += 1
        row = self.rows.get(item)
        if row is None:
            if board.votes or board.counts:
                self._early[item] = board
            else:
                self._early.pop(item, None)  # it was spoken of, and did not come
            return
        self._votes[row] = board.votes
        self._last_vote_us[row] = board.last_vote_us
        # Without votes it is -inf; what is no number, or endless, is no score either.
        self._scores[:, row] = [s if s < math.inf else -math.inf for s in board.scores]

    def with_boards(self, boards: Boards, clock: Callable[[], int]) -> "Catalogue":
        """Return the same items at another instant, with what the boards said then.

        Both share what is known of the items: neither may take in more.
        """
        other = copy.copy(self)
        other._clock = clock
        other._votes, other._last_vote_us = boards.votes, boards.last_vote_us
        other._scores = boards.scores
        other._visible_until_us = 0
        return other

    def newest(self) -> Rows:
        """Return the visible rows, latest listed first, then latest arrived first."""
        visible = self.visible
        if self._newest is None:
            rows = np.flatnonzero(visible)
            self._newest = rows[np.lexsort((-rows, -self.listed_us[rows]))]
        return self._newest

    def id_places(self) -> Rows:
        """Return (n,) the place of each row when rows are sorted by id: the last of tie-breaks."""
        if len(self._id_places) != self.n:
            order = sorted(range(self.n), key=self._ids.__getitem__)
            self._id_places = np.empty(self.n, np.int64)
            self._id_places[order] = np.arange(self.n)
        return self._id_places

    def arrived(self, filters: Filters, among: Mask, after: int, n: int) -> Rows:
        """Return up to n rows behind a row, in the order in which items arrived.

        Args:
            among: (n_items,) of which.
        """
        return np.flatnonzero(self.mask(filters, among)[after + 1 :])[:n] + after + 1

    def mask(self, filters: Filters, among: Mask | None = None) -> Mask:
        """Return (n,) which items may be listed under the filters.

        Args:
            among: (n,) of which; None for all that are visible.
        """
        mask = self.visible if among is None else among
        if filters == NO_FILTERS:
            return mask
        mask = mask.copy()
        if filters.topic:
            mask &= self._marked(self.topics.rows(filters.topic))
        for topic in filters.topic_all:
            mask &= self._marked(self.topics.rows([topic]))
        if filters.topic_not:
            mask &= ~self._marked(self.topics.rows(filters.topic_not))
        if filters.organisation:
            mask &= self._marked(self.organisations.rows(filters.organisation))
        if filters.since_us is not None:
            mask &= self.listed_us >= filters.since_us
        if filters.until_us is not None:
            mask &= self.listed_us < filters.until_us
        unwanted = map(self.aliases.resolve, filters.exclude)
        gone = [row for item in unwanted if (row := self.rows.get(item)) is not None]
        mask[gone] = False
        return mask

    def _item_changed(self) -> None:
        self.version += 1
        self.items_version += 1

    def _look(self, now: int) -> None:
        """Note what may be listed now, and when that changes by itself."""
        shown, listed, expires = self._shown[: self.n], self.listed_us, self._expires_us[: self.n]
        waits = listed > now
        ends = expires > now
        self._visible = shown & ~waits & ends
        to_come = np.concatenate([listed[shown & waits], expires[shown & ends]])
        self._visible_until_us = int(to_come.min(initial=_NEVER_US))
        self._newest = None
        for labels in (self.topics, self.organisations, self.submitters):
            labels.recount()

    def _is_visible(self, row: int) -> bool:
        listed, expires = self._listed_us[row], self._expires_us[row]
        return bool(self._shown[row] and listed <= self._clock() < expires)

    def _marked(self, rows: Rows) -> Mask:
        mask = np.zeros(self.n, bool)
        mask[rows] = True
        return mask

    def _reserve(self, row: int, item: str) -> None:
        if row >= len(self._shown):
            size = max(1024, row + 1, 2 * len(self._shown))
            self._shown = _grown(self._shown, size)
            self._present = _grown(self._present, size)
            self._expires_us = _grown(self._expires_us, size)
            self._listed_us = _grown(self._listed_us, size)
            self._votes = _grown(self._votes, size)
            self._upvotes_elsewhere = _grown(self._upvotes_elsewhere, size)
            self._comments = _grown(self._comments, size)
            self._last_vote_us = _grown(self._last_vote_us, size)
            scores = np.full((len(WINDOWS), size), -math.inf)
            scores[:, : self._scores.shape[1]] = self._scores
            self._scores = scores
        while self.n <= row:
            self._ids.append("")
            self.n += 1
        self._ids[row] = item
        self.rows[item] = row


def _us(moment: datetime | None, otherwise_us: int) -> int:
    return otherwise_us if moment is None else to_us(moment)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    grown = np.zeros(size, array.dtype)
    grown[: len(array)] = array
    return grown
