"""Training knows one item by all its names."""

import numpy as np
import polars as pl

from recsvc.core.items.item import StoredItem
from recsvc.core.readers.profile import ProfileParams
from workers.log.schema import SCHEMA
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.training import gather, train

PARAMS = TrainParams(
    ProfileParams(),
    LearnParams(als=AlsParams(factors=4, iterations=2, regularization=1.0, threads=1, seed=7)),
)
ROWS = {"a": 0, "b": 1, "former": 2}


def events(*happened: tuple[str, str, str, int]) -> pl.DataFrame:
    rows = [
        (0, n, 0, user, item, kind, at, at, *[None] * 7)
        for n, (user, kind, item, at) in enumerate(happened)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_events_under_a_former_id_train_the_item_that_absorbed_it():
    items = {
        0: StoredItem(id="a", title="A", created_us=1, aliases=("former", "10.1/a")),
        1: StoredItem(id="b", title="B", created_us=1),
    }
    log = [("u", "upvote", "former", 5), ("v", "upvote", "10.1/a", 5), ("v", "upvote", "b", 6)]
    log += [("w", "upvote", "former", 5), ("w", "unvote", "a", 6), ("w", "upvote", "b", 5)]
    renamed = [(u, k, "a" if i in ("former", "10.1/a") else i, at) for u, k, i, at in log]

    found = train(gather(events(*log), items, ROWS, "c", 10**15), PARAMS)
    expected = train(gather(events(*renamed), items, ROWS, "c", 10**15), PARAMS)

    assert found.support.tolist() == [2, 2, 0]
    np.testing.assert_array_equal(found.item_factors, expected.item_factors)
