"""The next item: histories that are read in an order, and the latest item of each left out.

A shop is made up, of the shape of the review data that next-item models are measured on (Amazon Beauty:
22,363 readers, 12,101 items, 8.9 events of a reader, 5 at least): most of what readers take is a matter
of taste and popularity, some follows from what they took last, in one direction. Everything but each
reader's latest item is trained on as the worker does; every item they have not had is a candidate.

`python -m bench.goals.orders` prints the shipped feed, each voice alone, and sequential rules.
"""

import argparse

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.goals.baselines import baselines
from bench.goals.sites import BEGAN_US
from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.item import StoredItem
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.evaluation.evaluating import outcomes_of
from workers.evaluation.outcomes import Outcomes
from workers.log.schema import SCHEMA
from workers.training.candidate import RoundParams, carry_out
from workers.training.holdout import LATEST_OF_EACH, divided
from workers.training.moment import moment_of
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.ranking import model_of
from workers.training.training import Material, gather
from workers.training.trying import drawn

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BASKET = 0.4  # of what is taken, is taken together with what was taken last


class ShopParams(msgspec.Struct, frozen=True):
    """What a shop is like.

    Attributes:
        fewest, mean: events of a reader.
        subjects: what items are about; a reader likes two of them at a time.
        follows: share of what is taken that follows from what was taken last.
        strays: share that is of any subject.
        turns: how likely one of the two subjects gives way to another before anything is taken.
        years: over which readers come.
        seed: of everything.
    """

    readers: int = 4_000
    items: int = 2_400
    fewest: int = 5
    mean: float = 8.9
    subjects: int = 60
    follows: float = 0.2
    strays: float = 0.35
    turns: float = 0.08
    years: float = 2.0
    seed: int = 0


BEAUTY = ShopParams(readers=22_363, items=12_101, subjects=200, years=8.0)


class Ordered(msgspec.Struct, frozen=True):
    """How the methods did, one target for each reader, and what was learned."""

    found: dict[str, Outcomes]
    weights: dict[str, float]


def shop(params: ShopParams) -> Material:
    """Make a shop up; the instant of the material is after all events."""
    p, rng = params, np.random.default_rng(params.seed)
    subject = rng.integers(p.subjects, size=p.items)
    pull = rng.lognormal(0.0, 0.6, p.items)
    within = [np.flatnonzero(subject == s) for s in range(p.subjects)]
    ladders = [np.cumsum(pull[rows]) for rows in within]
    everything = np.cumsum(pull)
    followers = rng.integers(p.items, size=(p.items, 4))

    def drawn(rows: Rows, ladder: NDArray[np.float64]) -> int:
        return int(rows[np.searchsorted(ladder, rng.random() * ladder[-1])])

    span_us = int(p.years * 365 * DAY_US)
    entries: list[tuple[object, ...]] = []
    for reader in range(p.readers):
        tastes = rng.choice(p.subjects, 2, replace=False)
        at_us = BEGAN_US + int(rng.integers(span_us))
        taken: list[int] = []
        for _ in range(p.fewest + int(rng.geometric(1 / (1 + p.mean - p.fewest))) - 1):
            chance = rng.random()
            if rng.random() < p.turns:
                tastes[rng.integers(2)] = rng.integers(p.subjects)
            about = tastes[rng.integers(2)]
            if taken and chance < p.follows:
                item = int(followers[taken[-1], rng.choice(4, p=(0.8, 0.1, 0.06, 0.04))])
            elif chance < p.follows + p.strays or not len(within[about]):
                item = drawn(np.arange(p.items), everything)
            else:
                item = drawn(within[about], ladders[about])
            if item in taken:
                continue
            taken.append(item)
            if rng.random() > _BASKET:
                at_us += int(rng.exponential(30 * DAY_US))
            event = (f"r{reader}", f"i{item}", "upvote", at_us, at_us)
            entries.append((0, len(entries) + 1, 0, *event, *[None] * 7))
    items = {r: StoredItem(id=f"i{r}", title=f"t{r}", created_us=1) for r in range(p.items)}
    rows = {item.id: row for row, item in items.items()}
    log = pl.DataFrame(entries, schema=SCHEMA, orient="row")
    now_us = int(log["at_us"].to_numpy().max()) + HOUR_US
    return gather(log, items, rows, "shop", now_us)


def judged(material: Material, params: RoundParams) -> Ordered:
    """Train on all but the latest item of each reader, and rank for that."""
    return foreseen(material, latest_of_each(material.events), params)


def latest_of_each(events: pl.DataFrame) -> Mask:
    """Return (n_events,) which is its reader's latest; of those at one instant the last that came."""
    log = events.with_row_index("place")
    last = log.sort("at_us", "place").group_by("user", maintain_order=True).last()["place"]
    is_last = np.zeros(len(log), bool)
    is_last[last.to_numpy()] = True
    return is_last


def foreseen(
    material: Material, held: Mask, params: RoundParams, *, sample: int = 0, has_order: bool = True
) -> Ordered:
    """Train on a log without some events, and rank for these.

    Args:
        sample: readers at most, drawn at random; 0: all.
        has_order: whether anybody knows in which order readers went for things.
    """
    holdout = divided(material.log, held, params.train.profile, LATEST_OF_EACH)
    known = msgspec.structs.replace(material, events=material.events.filter(~held))
    candidate = carry_out(known, None, None, params, lambda: 0.0).candidate
    moments = [moment_of(holdout, material.items, params.blend.votes)]
    moments = drawn(moments, sample or len(holdout.users), 0)
    found = outcomes_of(model_of(candidate), holdout.histories, moments, params.blend)
    found |= baselines(holdout, moments, has_order=has_order)
    return Ordered(found, candidate.manifest.weights)


def main() -> None:
    """Judge made-up shops and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--beauty", action="store_true", help="as large as Amazon Beauty")
    asked = parser.parse_args()
    learn = LearnParams(als=AlsParams(threads=1))
    params = RoundParams(TrainParams(ProfileParams(), learn), BlendParams())
    for seed in asked.seeds:
        made_up = msgspec.structs.replace(BEAUTY if asked.beauty else ShopParams(), seed=seed)
        done = judged(shop(made_up), params)
        n = len(next(iter(done.found.values())).users)
        print(f"| shop {seed}, {n:,} readers | HR@10 | NDCG@10 |\n| --- | ---: | ---: |")
        rows = [(name, o.means(("recall@10", "ndcg@10"))) for name, o in done.found.items()]
        for name, means in sorted(rows, key=lambda row: -row[1]["ndcg@10"]):
            print(f"| {name} | {means['recall@10']:.4f} | {means['ndcg@10']:.4f} |")
        print(f"\nlearned: {done.weights}\n", flush=True)


if __name__ == "__main__":
    main()
