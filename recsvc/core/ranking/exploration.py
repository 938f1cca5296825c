"""Exploration: a few slots go to plausible items that little is known of, with known probability.

Each slot behind the first three is explored with probability ε, independently. It then shows an item
drawn uniformly, without replacement, from a pool of P: what the reader's own ranking places first behind
its first page and few readers stand behind. Little is known of these, and they may well be wanted; what
lies deeper is hardly ever clicked, and so teaches little. The propensity of an explored item is how
likely it was, before anything was drawn, to be explored at this very position s of the list (from 0):

    ε · P(fewer than P of the s − 3 slots before are explored) / P

for each draw is as likely to bring one item of the pool as any other, and an empty pool explores
nothing. An estimate from the log can divide by it (Swaminathan, Joachims: "Counterfactual Risk
Minimization", ICML 2015). What remains of the pool once the slots before are known, ε / (P − j), is
another figure: it would call the last slots of a long list several times as likely as they are.

Answering a feed waits for no write, and any process may serve any feed, so what is needed to know the
propensities - the seed, ε and P, eight bytes - travels in the feed id, which clients send back with
every impression and click: the log holds every propensity without a field of its own. A field apart
would be forgotten by most clients and could be forged by any. Chance is drawn from reader and hour: a
feed stands still between events, and un-voting brings the old feed back.

The price: feed ids of 27 characters instead of 16; events without `feed_id` and `position` cannot be
corrected for; whoever can guess a reader's id can check the guess against the seed of a feed id.
"""

import base64
import binascii
import zlib

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from recsvc.clock import HOUR_US
from recsvc.core import compiled
from recsvc.core.compiled.kernels import Draw
from recsvc.core.ranking.blend import EXPLORE, Ranking

Rows = NDArray[np.int64]

FIRST = 3  # what leads a feed is never left to chance
_PAGE = 20
_FEW_READERS = 10
_MOST = 15  # in the pool
_UNIT = 10_000
_PLAIN_BYTES, _SEEDED_BYTES = 12, 20


class Lottery(msgspec.Struct, frozen=True):
    """How the explored slots of one list are drawn.

    Attributes:
        seed: 32 bits.
        share: ε, in ten-thousandths.
        pool: P, the number of items drawn from.
    """

    seed: int
    share: int
    pool: int

    @property
    def chance(self) -> float:
        """ε as a share."""
        return self.share / _UNIT

    def slots(self, n: int) -> Rows:
        """Return the explored positions among the first n, ascending; at most one per pool item."""
        chance = chance_of(self.seed, n)
        return (FIRST + np.flatnonzero(chance[FIRST:] * _UNIT < self.share))[: self.pool]

    def propensities(self, n: int) -> dict[int, float]:
        """Return how likely what the explored positions among the first n show was to be there."""
        return self.likely(self.slots(n).tolist())

    def likely(self, slots: list[int]) -> dict[int, float]:
        """Return the same of positions that are known to be explored."""
        share = self.share / _UNIT
        each = share / max(self.pool, 1)
        return {
            # While fewer slots lie before than there are items, one is certainly left.
            slot: each if slot - FIRST < self.pool else each * self._is_left(slot - FIRST)
            for slot in slots
        }

    def _is_left(self, before: int) -> float:
        """Return how likely it is that so many slots before do not take the whole pool."""
        return float(bdtr(self.pool - 1, before, self.share / _UNIT))

    def propensity(self, position: int) -> float | None:
        """Return the same of one position; None if it was not explored."""
        return self.propensities(position + 1).get(position)


def chance_of(seed: int, n: int) -> NDArray[np.float64]:
    """Return (n,) uniform numbers in [0, 1): of each place the same, whatever n.

    The finisher of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
    OOPSLA 2014) over seed and place: numpy's own generators take longer to begin than this to end.
    """
    x = (np.arange(n, dtype=np.uint64) + np.uint64(seed << 31)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def seed_of(user: str, now_us: int) -> int:
    """Return the chance of a reader in an hour."""
    return zlib.crc32(f"{user}\n{now_us // HOUR_US}".encode())


def explored(
    ranking: Ranking, support: NDArray[np.int32], share: float, seed: int
) -> tuple[Ranking, Lottery | None]:
    """Return a ranking some of whose slots are explored, and how; unchanged without a pool.

    Args:
        support: readers behind each row; rows beyond have none.
        share: ε, 0..1.
    """
    fast, parts = compiled.kernels(), round(share * _UNIT)
    if fast is None:
        n_pool, order, is_slot = _drawn(ranking.rows, support, parts, seed)
    else:
        draw = Draw(seed, parts, _UNIT, FIRST, _PAGE, _FEW_READERS, _MOST)
        n_pool, order, is_slot = fast.explored(draw, ranking.rows, support)
    lottery = Lottery(seed, parts, n_pool)
    if len(order) == 0:
        return ranking, None if n_pool == 0 or parts == 0 else lottery
    sources = ranking.sources[order]
    sources[is_slot] = EXPLORE
    mixed = msgspec.structs.replace(
        ranking, rows=ranking.rows[order], scores=ranking.scores[order], sources=sources
    )
    return mixed, lottery


def _drawn(
    rows: Rows, support: NDArray[np.int32], share: int, seed: int
) -> tuple[int, Rows, NDArray[np.bool_]]:
    """Return the pool's size, the order in which a list is shown, and which places are explored.

    The order is empty when none is.
    """
    n, behind = len(rows), rows[_PAGE:]
    # What is beyond has no readers, as little as what has few.
    readers = support.take(behind, mode="clip") if len(support) else np.zeros(len(behind))
    pool = _PAGE + ((readers < _FEW_READERS) | (behind >= len(support))).nonzero()[0][:_MOST]
    slots = Lottery(seed, share, len(pool)).slots(n)
    is_slot, is_drawn = np.zeros(n, bool), np.zeros(n, bool)
    if len(slots) == 0:
        return len(pool), slots, is_slot
    drawn = pool[chance_of(~seed & 0xFFFFFFFF, len(pool)).argsort()[: len(slots)]]
    is_slot[slots] = is_drawn[drawn] = True
    order = np.empty(n, np.int64)
    order[slots] = drawn
    order[~is_slot] = (~is_drawn).nonzero()[0]
    return len(pool), order, is_slot


def feed_id(raw: bytes, lottery: Lottery | None) -> str:
    """Return the id of a feed.

    Args:
        raw: 12 bytes that nothing else has.
    """
    if lottery is not None:
        parts = ((lottery.seed, 4), (lottery.share, 2), (lottery.pool, 2))
        raw += b"".join(value.to_bytes(size, "big") for value, size in parts)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def lottery_of(feed_id: str) -> Lottery | None:
    """Return how the slots of a feed were drawn; None for feeds without, and for what is no feed id."""
    try:
        raw = base64.b64decode(feed_id + "=" * (-len(feed_id) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _SEEDED_BYTES:
        return None
    parts = (raw[12:16], raw[16:18], raw[18:20])
    return Lottery(*(int.from_bytes(part, "big") for part in parts))


def no_support() -> NDArray[np.int32]:
    """Return the readers behind items where nothing was learned yet."""
    return np.empty(0, np.int32)
