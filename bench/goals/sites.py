"""Sites made up: of news, whose items live for days, a magazine, and papers that are read for ever.

Readers have tastes, items have a subject and a quality that nobody is told of. On each day some of the
readers come and vote, each item by chance in proportion to

    quality · 2^(−age / life) · (1 + keenness · whether its subject is the reader's)

of those listed by then that the reader has not voted for. Words say the subject of an item, mostly. The
same parameters and seed make the same site.
"""

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsvc.clock import DAY_US, HOUR_US, from_us
from recsvc.core.items.item import StoredItem
from workers.log.schema import SCHEMA
from workers.training.training import Material, gather

BEGAN_US = 1_748_736_000_000_000  # 2025-06-01T00:00Z

_SUBJECTS = 12
_TASTES = 2
_WORDS = 40  # of each subject, and as many that say nothing
_OPENS = 6 * HOUR_US  # items are listed before, votes come after


class SiteParams(msgspec.Struct, frozen=True):
    """What a site is like.

    Attributes:
        days: how long it has been there.
        readers: how many there are.
        visits: mean votes of a reader on a day.
        born: items of a day.
        begun_with: items that were there on the first day.
        life_days: in which interest in an item halves; 0: never.
        stays_days: after which a reader is not seen again, the first on any day; 0: all come always.
        keenness: how many times more a reader wants what is of their subjects.
        keen_after: votes of a reader before they look for their subjects; until then they go with the
            crowd.
        seed: of everything.
    """

    days: int
    readers: int
    visits: float
    born: int
    begun_with: int
    life_days: float
    keenness: float
    stays_days: int = 0
    keen_after: int = 0
    seed: int = 0


NEWS = SiteParams(
    days=30, readers=1_500, visits=0.4, born=60, begun_with=60, life_days=0.8, keenness=3.0
)
# What it brings is of interest for a week or so.
MAGAZINE = SiteParams(
    days=30, readers=1_500, visits=0.4, born=20, begun_with=200, life_days=5.0, keenness=15.0
)
LIBRARY = SiteParams(
    days=30, readers=1_500, visits=0.4, born=5, begun_with=1_500, life_days=0.0, keenness=40.0
)


class Site(msgspec.Struct, frozen=True):
    """A site as its log and catalogue show it.

    Attributes:
        events: upvotes, a table of `SCHEMA`.
        items: by row.
        days: how long it has been there.
    """

    events: pl.DataFrame
    items: dict[int, StoredItem]
    days: int

    def until(self, at_us: int) -> Material:
        """Return what training works on at an instant: what had happened, and what there was."""
        there = {row: item for row, item in self.items.items() if item.created_us <= at_us}
        rows = {item.id: row for row, item in there.items()}
        return gather(self.events.filter(pl.col("at_us") < at_us), there, rows, "site", at_us)


def opening_us(day: int) -> int:
    """Return the instant of a day at which its items are listed and nobody has voted yet."""
    return BEGAN_US + day * DAY_US + _OPENS


def site(params: SiteParams) -> Site:
    """Make a site up."""
    p, rng = params, np.random.default_rng(params.seed)
    n_items = p.begun_with + p.born * p.days
    subjects = rng.integers(_SUBJECTS, size=n_items)
    quality = rng.lognormal(0.0, 1.0, n_items)
    born_day = np.repeat(np.arange(p.days), p.born)
    listed_us = np.concatenate(
        [np.full(p.begun_with, BEGAN_US), BEGAN_US + born_day * DAY_US]
    ) + rng.integers(_OPENS, size=n_items)
    tastes = np.argsort(rng.random((p.readers, _SUBJECTS)), axis=1)[:, :_TASTES]
    wants = 1 + p.keenness * (subjects == tastes[:, :, None]).any(axis=1)
    has_voted = np.zeros((p.readers, n_items), bool)
    first = _first_days(p, rng)
    entries: list[tuple[object, ...]] = []
    for day in range(p.days):
        pull = quality * _interest(opening_us(day) - listed_us, p.life_days)
        for reader in range(p.readers):
            if not 0 <= day - first[reader] < (p.stays_days or p.days):
                continue
            is_keen = int(has_voted[reader].sum()) >= p.keen_after
            weights = pull * ~has_voted[reader] * (wants[reader] if is_keen else 1)
            n = min(int(rng.poisson(p.visits)), int((weights > 0).sum()))
            if not n:
                continue
            chosen = rng.choice(n_items, n, replace=False, p=weights / weights.sum())
            has_voted[reader, chosen] = True
            for item in chosen.tolist():
                at_us = opening_us(day) + int(rng.integers(DAY_US - _OPENS))
                event = (f"r{reader}", f"i{item}", "upvote", at_us, at_us)
                entries.append((0, len(entries) + 1, 0, *event, *[None] * 7))
    texts = _texts(subjects, rng)
    items = {
        row: StoredItem(id=f"i{row}", title=texts[row], created_us=at, listed_at=from_us(at))
        for row, at in enumerate(listed_us.tolist())
    }
    return Site(pl.DataFrame(entries, schema=SCHEMA, orient="row"), items, p.days)


def _first_days(params: SiteParams, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the day on which each reader comes first; some were there before the site was."""
    if not params.stays_days:
        return np.zeros(params.readers, np.int64)
    return rng.integers(1 - params.stays_days, params.days, params.readers)


def _interest(age_us: NDArray[np.int64], life_days: float) -> NDArray[np.float64]:
    """Return how much of its quality is left of each item; 0 of what is not listed yet."""
    age_days = age_us / DAY_US
    left = np.exp2(-np.maximum(age_days, 0) / life_days) if life_days else np.ones(len(age_us))
    return np.where(age_days >= 0, left, 0.0)


def _texts(subjects: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """Return a line of words for each item: four of its subject, four that say nothing."""
    own = rng.integers(_WORDS, size=(len(subjects), 4))
    idle = rng.integers(_WORDS, size=(len(subjects), 4))
    return [
        " ".join([*(f"subject{s}x{w}" for w in mine), *(f"word{w}" for w in others)])
        for s, mine, others in zip(subjects.tolist(), own.tolist(), idle.tolist(), strict=True)
    ]
