"""The moments of a slice: what was trending, fresh and listed then, so that ranking is as served.

What trends changes within hours, and a slice may last for weeks. So it is cut into stretches, a few
hours each, and each reader is asked once: at the beginning of the first stretch in which they went for
something that was listed by then, for what they went for within it. Where these have too few readers,
they are longer.
"""

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import HOUR_US, to_us
from recsvc.core.items.catalogue import Boards, Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, TrendingParams
from workers.training.holdout import Holdout
from workers.training.interactions import Votes

Rows = NDArray[np.int64]

_STRETCH_US = 3 * HOUR_US
_MOST = 24
_FEWEST = 30
_NEVER_US = np.iinfo(np.int64).max


class Moment(msgspec.Struct, frozen=True):
    """What there was at an instant, beside a model, and who is asked then.

    Attributes:
        catalogue: with the votes that stood.
        latest_us: (n_users, n_rows) when each reader last acted on each item.
        listed: (n_rows,) which rows held an item that was listed.
        users: (u,) rows of the readers who are asked.
        targets: (n_users, n_rows) what they went for soon after.
        liked: what readers went for before.
    """

    catalogue: Catalogue
    latest_us: sp.csr_matrix
    at_us: int
    listed: NDArray[np.bool_]
    users: Rows
    targets: sp.csr_matrix
    liked: Votes


class Stretches(msgspec.Struct, frozen=True):
    """How a slice is cut: n stretches of a length from an instant on."""

    cut_us: int
    length_us: int
    n: int

    def of(self, at_us: NDArray[np.float64]) -> Rows:
        """Return the stretch of some instants: what came earlier is of the first, later ones are n."""
        place: Rows = (np.maximum(at_us - self.cut_us, 0) // self.length_us).astype(np.int64)
        return np.minimum(place, self.n)

    def begins_us(self) -> list[int]:
        """Return the instants at which they begin."""
        return [self.cut_us + i * self.length_us for i in range(self.n)]


def moment_of(holdout: Holdout, items: dict[int, StoredItem], fading: TrendingParams) -> Moment:
    """Return what there was at the cut, for all readers and all they went for, the whole slice long.

    Args:
        items: the catalogue by row.
    """
    always = np.full(holdout.histories.shape[1], _NEVER_US)
    always[list(items)] = 0
    at = _At(holdout, _catalogue(items, holdout.cut_us), fading)
    return at.moment(holdout.cut_us, always <= holdout.cut_us, holdout.users, holdout.targets)


def moments_of(
    holdout: Holdout,
    items: dict[int, StoredItem],
    fading: TrendingParams,
    min_readers: int = 1,
    stretch_us: int = _STRETCH_US,
) -> list[Moment]:
    """Return the moments of a slice at which readers are asked, each with somebody to ask.

    Where too few went for anything that was listed by then, all are asked at the cut, as if everything
    had been: what is listed late must not switch the judging off.

    Args:
        items: the catalogue by row.
        min_readers: stretches grow until as many are asked, up to the whole slice.
        stretch_us: how long they are at first.
    """
    since_us, until_us = _listed(holdout, items)
    went = _went(holdout)
    stretches = (
        _stretches(holdout, went, since_us, (stretch_us, min_readers))
        if holdout.is_by_time
        else None
    )
    if stretches is None:
        return [moment_of(holdout, items, fading)]
    first = _first(stretches, went, since_us, holdout.histories.shape[0])
    at = _At(holdout, _catalogue(items, holdout.cut_us), fading)
    found = []
    for place, begin_us in enumerate(stretches.begins_us()):
        users = np.flatnonzero(first == place)
        if len(users):
            asked = (stretches.of(went.at_us) == place) & (first[went.users] == place)
            asked &= since_us[went.rows] <= begin_us
            ones = np.ones(int(asked.sum()), np.float32)
            pairs = (ones, (went.users[asked], went.rows[asked]))
            targets = sp.csr_matrix(pairs, shape=holdout.targets.shape)
            is_listed = (since_us <= begin_us) & (begin_us < until_us)
            found.append(at.moment(begin_us, is_listed, users, targets))
    return found


class _Went(msgspec.Struct, frozen=True):
    """Who went for what, and when, (p,) each."""

    users: Rows
    rows: Rows
    at_us: NDArray[np.float64]


class _At(msgspec.Struct, frozen=True):
    """What moments are made of."""

    holdout: Holdout
    catalogue: Catalogue
    fading: TrendingParams

    def moment(
        self, at_us: int, is_listed: NDArray[np.bool_], users: Rows, targets: sp.csr_matrix
    ) -> Moment:
        """Return what there was at an instant."""
        h = self.holdout
        past = h.histories.data > 0
        liked = Votes(
            h.histories.indices[past].astype(np.int64), h.latest_us.data[past].astype(np.int64)
        )
        votes = h.votes
        # Where no instant divides the log, what was held out may have come before it: the answers.
        if h.is_by_time:
            votes = _joined(votes, h.happened.votes, at_us)
            liked = _joined(liked, h.happened.liked, at_us)
        boards = _boards(votes, self.fading, h.histories.shape[1])
        catalogue = self.catalogue.with_boards(boards, lambda: at_us)
        return Moment(catalogue, h.latest_us, at_us, is_listed, users, targets, liked)


def _catalogue(items: dict[int, StoredItem], cut_us: int) -> Catalogue:
    catalogue = Catalogue(lambda: cut_us)
    for row, item in items.items():
        catalogue.put(row, item)
    return catalogue


def _listed(
    holdout: Holdout, items: dict[int, StoredItem]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (n_rows,) the instants since and until which items are listed.

    Of an item that something happened to before it was listed nobody knows since when it was there:
    an import may bring a catalogue after its log. It counts as always listed.
    """
    since = np.full(holdout.histories.shape[1], _NEVER_US)
    until = np.full(len(since), _NEVER_US)
    for row, item in items.items():
        listed_us = item.created_us if item.listed_at is None else to_us(item.listed_at)
        since[row] = 0 if holdout.first_us[row] < listed_us else listed_us
        if item.expires_at is not None:
            until[row] = to_us(item.expires_at)
    return since, until


def _went(holdout: Holdout) -> _Went:
    """Return what those who are asked went for in the slice."""
    at = sp.csr_matrix(holdout.targets.multiply(holdout.targets_us))
    users = np.repeat(np.arange(at.shape[0]), np.diff(at.indptr))
    is_judge = np.zeros(at.shape[0], bool)
    is_judge[holdout.users] = True
    kept = is_judge[users]
    return _Went(users[kept], at.indices[kept].astype(np.int64), at.data[kept])


def _stretches(
    holdout: Holdout, went: _Went, since_us: NDArray[np.int64], wanted: tuple[int, int]
) -> Stretches | None:
    """Return the shortest stretches in which enough are asked; None where none has any to ask.

    Args:
        wanted: the shortest there may be, and how many readers are enough.
    """
    (length_us, min_readers), cut_us = wanted, holdout.cut_us
    n_readers, best, best_n = holdout.histories.shape[0], None, 0
    while True:
        n = min(_MOST, -(-max(holdout.happened.end_us - cut_us, 1) // length_us))
        found = Stretches(cut_us, length_us, int(n))
        n_asked = int((_first(found, went, since_us, n_readers) < found.n).sum())
        if n_asked > best_n:
            best, best_n = found, n_asked
        if best_n >= min_readers or n < _MOST:
            return best if best_n >= min(len(holdout.users), _FEWEST) else None
        length_us *= 2


def _first(stretches: Stretches, went: _Went, since_us: NDArray[np.int64], n_readers: int) -> Rows:
    """Return (n_readers,) the stretch in which each is asked; n for who is not."""
    place = stretches.of(went.at_us)
    began_us = stretches.cut_us + place * stretches.length_us
    can = (place < stretches.n) & (since_us[went.rows] <= began_us)
    first = np.full(n_readers, stretches.n)
    np.minimum.at(first, went.users[can], place[can])
    return first


def _joined(before: Votes, happened: Votes, at_us: int) -> Votes:
    """Return what there was before the cut, and what came after it until an instant."""
    by_then = happened.at_us < at_us
    return Votes(
        np.concatenate([before.rows, happened.rows[by_then]]),
        np.concatenate([before.at_us, happened.at_us[by_then]]),
    )


def _boards(votes: Votes, fading: TrendingParams, n_rows: int) -> Boards:
    """Return the boards, as ingesting the votes would have made them."""
    half_lives_us = fading.half_lives_us()
    scores = np.full((len(half_lives_us), n_rows), -np.inf)
    last = np.zeros(n_rows, np.int64)
    if len(votes.rows):
        np.maximum.at(last, votes.rows, votes.at_us)
        for window, half_life_us in enumerate(half_lives_us):
            scores[window] = _log_scores(votes, half_life_us, n_rows)
    return Boards(np.bincount(votes.rows, minlength=n_rows), last, scores)


def _log_scores(votes: Votes, half_life_us: float, n_rows: int) -> NDArray[np.float64]:
    """Return (n_rows,) log2 of the decayed votes, as `trending.log_score` does one by one."""
    exponents = (votes.at_us - EPOCH_US) / half_life_us
    newest = np.full(n_rows, -np.inf)
    np.maximum.at(newest, votes.rows, exponents)
    sums = np.bincount(votes.rows, 2.0 ** (exponents - newest[votes.rows]), minlength=n_rows)
    with np.errstate(divide="ignore"):  # nothing is worth -inf
        return np.where(sums > 0, newest + np.log2(sums), -np.inf)
