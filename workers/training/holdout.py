"""The holdout: a part of a log set apart, so that a model can be tried on what it has not seen.

A split by time, not at random: a model that has seen next week's readers of an item predicts this
week's too well (Ji, Sun, Zhang, Li: "A Critical Study on Data Leakage in Recommender System Offline
Evaluation", TOIS 2023). The log's own order decides, by days of receipt and within a day by the events'
own time: what an import brought within a day is divided as it happened.

The latest events may be all of one reader, or of readers without a past. The slice then grows, up to
half of the log, until there are readers to tell by. Where no instant divides the log, as after a single
import of events of one instant, the latest of each of some readers is held out instead.

Where there are more readers than anybody asks, the slice is narrower: a model is soon replaced by the
next, and what a tenth of a long log asks of it lies months ahead.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.clock import DAY_US
from recsvc.core.readers.profile import ProfileParams
from workers.training.interactions import CatalogueLog, Votes, interactions, votes
from workers.training.past import Past

Mask = NDArray[np.bool_]

_WIDEST = 0.5
_NARROWEST = 1 / 16  # of the share that is asked for
_SHORTEST_US = DAY_US
_MAX_READERS = 500
LATEST_OF_EACH = "the latest of each of some readers"
_ENTRY = ("shard", "entry_ms", "entry_seq")


class Happened(msgspec.Struct, frozen=True):
    """What happened in the slice, whoever did it.

    Attributes:
        votes: that stand.
        liked: what readers went for, each reader's first or latest of an item.
        end_us: after all of it.
    """

    votes: Votes
    liked: Votes
    end_us: int


class Holdout(msgspec.Struct, frozen=True):
    """A log in two: what is known, and what is to be foreseen.

    Attributes:
        histories: (n_users, n_rows) evidence that is known.
        latest_us: (n_users, n_rows) when the latest event behind each was.
        targets: (n_users, n_rows) what readers went for in the slice and had not acted on before.
        targets_us: (n_users, n_rows) when they did.
        users: rows of the readers who have both.
        cut_us: the instant of the division, by the events' own time.
        began_us: when the service received the first event of the slice.
        votes: that stood without the slice.
        happened: in the slice.
        first_us: (n_rows,) the first event of each item in the whole log; the end of time without any.
        before: the log without the slice.
        is_by_time: whether an instant divides the log.
        name: which slice it is, for people.
    """

    histories: sp.csr_matrix
    latest_us: sp.csr_matrix
    targets: sp.csr_matrix
    targets_us: sp.csr_matrix
    users: NDArray[np.int64]
    cut_us: int
    began_us: int
    votes: Votes
    happened: Happened
    first_us: NDArray[np.int64]
    before: CatalogueLog
    is_by_time: bool
    name: str

    @property
    def past(self) -> Past:
        """What is known, as it is learned from."""
        return Past(self.histories, self.latest_us)


def hold_out(
    log: CatalogueLog,
    params: ProfileParams,
    share: float,
    min_readers: int = 1,
    enough_readers: int | None = None,
) -> Holdout | None:
    """Set the latest share of the events that say something about taste apart, or more of them.

    Args:
        min_readers: the slice grows until there are as many who have both a past and a target.
        enough_readers: with as many, the slice may be narrower, but no shorter than a day.

    Returns:
        The slice with the most readers where all have too few; None when nothing divides the log.
    """
    telling = [name for name, kind in params.kinds.items() if kind.weight > 0]
    is_known = pl.col("item").is_in(list(log.listed))
    day = pl.col("received_us") // DAY_US
    events = log.events.sort(day, "at_us", "received_us", *_ENTRY)
    tells = events.select(is_known & pl.col("kind").is_in(telling)).to_series()
    ordered = msgspec.structs.replace(log, events=events)
    best: Holdout | None = None
    for name, chosen in _slices(events, tells.to_numpy(), share, enough_readers):
        found = divided(ordered, chosen, params, name)
        if best is None or len(found.users) > len(best.users):
            best = found
        if len(best.users) >= min_readers:
            break
    return best


def _slices(
    log: pl.DataFrame, tells: Mask, share: float, enough: int | None
) -> Iterator[tuple[str, Mask]]:
    """Yield which events to hold out, by name, the narrowest first; each leaves some and takes some."""
    places = np.flatnonzero(tells)
    if len(places) == 0:
        return
    moments = log.select("at_us", pl.col("received_us") // DAY_US).to_numpy()
    is_new = np.append(True, (moments[1:] != moments[:-1]).any(axis=1))
    for wide in _widening(share if enough is None else share * _NARROWEST):
        start = int(places[int(len(places) * (1 - wide))])
        together = int(np.flatnonzero(is_new[: start + 1])[-1])  # no instant is divided
        if not together:
            continue
        chosen = np.arange(len(log)) >= together
        if wide >= share or _is_plenty(log, chosen & tells, enough or 0):
            yield f"the latest {100 * wide:.3g}% of the log", chosen
    latest = _latest_of_each(log, tells, share)
    if latest.any():
        yield LATEST_OF_EACH, latest


def _is_plenty(log: pl.DataFrame, chosen: Mask, enough: int) -> bool:
    """Return whether so many who did something before are active in a slice of at least a day."""
    after, before = log.filter(chosen), log.filter(~chosen)
    readers = after.select("user").unique().join(before, on="user", how="semi")
    is_long = _extreme(after["at_us"].max()) - _extreme(after["at_us"].min()) >= _SHORTEST_US
    return is_long and len(readers) >= enough


def _widening(share: float) -> Iterator[float]:
    """Yield a share, and twice as much, again and again, up to the widest."""
    yield share
    while share < _WIDEST:
        share = min(2 * share, _WIDEST)
        yield share


def _latest_of_each(log: pl.DataFrame, tells: Mask, share: float) -> Mask:
    """Return the events on the latest items of some readers who keep others."""
    rows = log.with_row_index("row").with_columns(pl.Series("tells", tells))
    pairs = (
        rows.filter("tells")
        .group_by("user", "item")
        .agg(pl.col("at_us").max(), pl.col("row").max())
        .sort("user", "at_us", "row")
        .with_columns(
            pl.len().over("user").alias("n"),
            pl.int_range(pl.len()).over("user").alias("place"),
        )
        .filter(pl.col("n") > 1)
    )
    users = pairs["user"].unique().sort().to_list()
    drawn = [users[i] for i in np.random.default_rng(0).permutation(len(users))[:_MAX_READERS]]
    n_held = (pl.col("n") * share).ceil().clip(1, pl.col("n") - 1)
    held = pairs.filter(
        pl.col("user").is_in(drawn) & (pl.col("place") >= pl.col("n") - n_held)
    ).select("user", "item")
    chosen = np.zeros(len(log), bool)
    chosen[rows.join(held, on=["user", "item"], how="semi")["row"].to_numpy()] = True
    return chosen


def divided(log: CatalogueLog, chosen: Mask, params: ProfileParams, name: str) -> Holdout:
    """Set some events of a log apart; either part must have one.

    Args:
        chosen: (n_events,) which.
    """
    before, after = (
        msgspec.structs.replace(log, events=log.events.filter(part)) for part in (~chosen, chosen)
    )
    cut_us = max(_extreme(before.events["at_us"].max()), _extreme(after.events["at_us"].min()))
    past = interactions(before, params, cut_us)
    future = interactions(after, params, cut_us)
    targets = new_in(aligned(future.evidence, future.users, past.users), past.evidence)
    went_us = aligned(future.latest_us, future.users, past.users)
    has_both = (np.diff(targets.indptr) > 0) & (np.diff(past.evidence.indptr) > 0)
    has_both &= past.is_vouched  # those whom anybody can invent are no judges
    liked = future.evidence.data > 0
    happened = Happened(
        votes(after, params),
        Votes(
            future.evidence.indices[liked].astype(np.int64),
            future.latest_us.data[liked].astype(np.int64),
        ),
        _extreme(after.events["at_us"].max()) + 1,
    )
    return Holdout(
        past.evidence,
        past.latest_us,
        targets,
        went_us,
        np.flatnonzero(has_both),
        cut_us,
        _extreme(after.events["received_us"].min()),
        votes(before, params),
        happened,
        _first_us(log),
        before,
        name != LATEST_OF_EACH,
        name,
    )


def _first_us(log: CatalogueLog) -> NDArray[np.int64]:
    """Return (n_rows,) the instant of each row's first event; the end of time without any."""
    firsts = log.events.group_by("item").agg(pl.col("at_us").min())
    firsts = firsts.filter(pl.col("item").is_in(list(log.listed)))
    found = np.full(log.n_rows, np.iinfo(np.int64).max)
    found[[log.listed[item] for item in firsts["item"]]] = firsts["at_us"].to_numpy()
    return found


def _extreme(value: object) -> int:
    assert isinstance(value, int), "either part has an event"
    return value


def aligned(evidence: sp.csr_matrix, users: list[str], wanted: list[str]) -> sp.csr_matrix:
    """Return the rows of some users, in their order; empty ones for those who have none."""
    row_of = {user: row for row, user in enumerate(users)}
    places = [(to, row_of[user]) for to, user in enumerate(wanted) if user in row_of]
    to, source = np.array(places, np.int64).reshape(-1, 2).T
    ones = np.ones(len(to), evidence.dtype)
    chosen = sp.csr_matrix((ones, (to, source)), shape=(len(wanted), len(users)))
    return sp.csr_matrix(chosen @ evidence)


def new_in(future: sp.csr_matrix, past: sp.csr_matrix) -> sp.csr_matrix:
    """Return what was gone for, without what there was something with before."""
    liked = (future > 0).astype(np.float32)
    known = (past != 0).astype(np.float32)
    new = sp.csr_matrix(liked - liked.multiply(known), dtype=np.float32)
    new.eliminate_zeros()
    new.sort_indices()
    return new


def at_random(
    evidence: sp.csr_matrix, share: float, seed: int
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Return what is left of a matrix, and a share of what was gone for, drawn at random."""
    pairs = evidence.tocoo()
    drawn = np.random.default_rng(seed).random(pairs.nnz) < share
    held = drawn & (pairs.data > 0)
    return _part(pairs, ~held), _part(pairs, held)


def _part(pairs: sp.coo_matrix, chosen: NDArray[np.bool_]) -> sp.csr_matrix:
    kept = (pairs.data[chosen], (pairs.row[chosen], pairs.col[chosen]))
    matrix = sp.csr_matrix(kept, shape=pairs.shape, dtype=np.float32)
    matrix.sort_indices()
    return matrix
