"""A small world of readers with tastes: a catalogue of subjects, and who went for what, when."""

import numpy as np
import polars as pl

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.item import StoredItem
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.log.schema import SCHEMA
from workers.training.candidate import RoundParams
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.training import Material, gather

NOW_US = 1_763_000_000_000_000
SUBJECTS = 8
N_ITEMS = 240
LEARN = LearnParams(als=AlsParams(factors=16, threads=1))
PARAMS = TrainParams(ProfileParams(), LEARN)
ROUND = RoundParams(PARAMS, BlendParams())


def items(n: int = N_ITEMS) -> dict[int, StoredItem]:
    """Return items whose words do not say their subject, so that only readers tell."""
    return {
        row: StoredItem(id=f"i{row}", title=f"word{row} sign{row}", created_us=1)
        for row in range(n)
    }


def events(n_readers: int = 160, each: int = 14, seed: int = 0) -> pl.DataFrame:
    """Return upvotes over thirty days: nine in ten within the reader's subject."""
    rng = np.random.default_rng(seed)
    entries = []
    for reader in range(n_readers):
        subject = reader % SUBJECTS
        own = rng.permutation(np.arange(subject, N_ITEMS, SUBJECTS))[: each - 1]
        for item in [*own, rng.integers(N_ITEMS)]:
            at = NOW_US - 30 * DAY_US + int(rng.integers(29 * DAY_US // HOUR_US)) * HOUR_US
            entry = (0, len(entries) + 1, 0, f"u{reader}", f"i{item}", "upvote", at, at)
            entries.append((*entry, *[None] * 7))
    return pl.DataFrame(entries, schema=SCHEMA, orient="row")


def material(
    log: pl.DataFrame | None = None, catalogue: dict[int, StoredItem] | None = None
) -> Material:
    """Return what training works on."""
    catalogue = items() if catalogue is None else catalogue
    rows = {item.id: row for row, item in catalogue.items()}
    return gather(events() if log is None else log, catalogue, rows, "c", NOW_US)
