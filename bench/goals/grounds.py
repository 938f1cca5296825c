"""What a public set is asked, by its shape, and the table of what came of it.

Everything is trained as the worker does, with the service's defaults but for the search for parameters,
which is off; the weights of the voices are learned inside what is trained on. Whoever did nothing before
is left out, and so is, where time divides the log, what nobody had gone for by then.

| shape | trained on | ranked for |
| --- | --- | --- |
| split | `train.txt` | `test.txt` |
| days | what came before each of the latest days | those who come on that day |
| next | all but each reader's latest | that |
| time | all but the latest fifth of the events | that |
| warm | four fifths of the pairs, drawn | the rest |
"""

from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.goals.baselines import baselines
from bench.goals.days import judged_at
from bench.goals.orders import Ordered, foreseen, latest_of_each
from bench.goals.protocols import described
from bench.goals.public import PublicSet, Shape, Words
from bench.goals.sites import Site
from recsvc.clock import DAY_US, HOUR_US, from_us
from recsvc.core.items.item import StoredItem
from recsvc.core.ranking import metrics
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.profile import ProfileParams
from workers.evaluation.methods import SHIPPED
from workers.evaluation.outcomes import Outcomes
from workers.log.schema import SCHEMA
from workers.training.candidate import RoundParams
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.training import Material, gather

_SHARE = 0.2
_SEED = 7
_NAMES = {Shape.NEXT: ("recall@10", "ndcg@10")}
_OTHERWISE = ("recall@20", "ndcg@20")

Mask = NDArray[np.bool_]


class Way(msgspec.Struct, frozen=True):
    """How a set is judged.

    Attributes:
        sample: readers at most, drawn at random; 0: all.
        days: the latest, of a set that is judged day by day.
    """

    sample: int = 0
    days: int = 5
    threads: int = 1


def report(found: PublicSet, way: Way) -> str:
    """Judge a set and return what came of it, as text."""
    learn = LearnParams(als=AlsParams(threads=way.threads))
    params = RoundParams(TrainParams(ProfileParams(), learn), BlendParams())
    done = _by_day(found, way, params) if found.shape is Shape.DAYS else _apart(found, way, params)
    events = found.events
    heads = [
        f"{found.name}: {len(events):,} events of {events['user'].n_unique():,} readers and "
        f"{events['item'].n_unique():,} items",
        f"asked: {found.shape.value}" + (f", {way.sample} readers drawn" if way.sample else ""),
        f"trained with: {described(learn)}; no search",
        f"learned: {done.weights}",
        "",
    ]
    return "\n".join([*heads, *table(done.found, _NAMES.get(found.shape, _OTHERWISE))])


def table(found: dict[str, Outcomes], names: tuple[str, str]) -> list[str]:
    """Return the rows of a table with intervals, best first by the second name."""
    shipped = found[SHIPPED].values(names[1])
    rows = sorted(found.items(), key=lambda row: -row[1].means(names)[names[1]])
    lines = [
        f"| {len(shipped):,} readers | {names[0]} | {names[1]} | the feed's {names[1]} beyond it |",
        "| --- | ---: | ---: | ---: |",
    ]
    for method, o in rows:
        own = [_interval(o.values(name)) for name in names]
        beyond = "" if method == SHIPPED else _interval(shipped - o.values(names[1]))
        lines.append(f"| {method} | {own[0]} | {own[1]} | {beyond} |")
    return lines


def held_apart(found: PublicSet) -> Mask:
    """Return (n_events,) which events a set that is not judged day by day is asked for."""
    at_us: NDArray[np.int64] = found.events["at_us"].to_numpy()
    if found.shape is Shape.SPLIT:
        is_test: Mask = found.events["is_test"].to_numpy()
        return is_test
    if found.shape is Shape.NEXT:
        return latest_of_each(found.events)
    if found.shape is Shape.TIME:
        cut_us = int(np.sort(at_us)[int(len(at_us) * (1 - _SHARE))])
        is_late: Mask = at_us >= cut_us
        return is_late
    return np.random.default_rng(_SEED).random(len(at_us)) < _SHARE


def log_of(events: pl.DataFrame) -> pl.DataFrame:
    """Return events as the log keeps them."""
    given = {
        "shard": pl.lit(0),
        "entry_ms": pl.int_range(pl.len()) + 1,
        "entry_seq": pl.lit(0),
        "user": pl.col("user"),
        "item": pl.col("item"),
        "kind": pl.lit("upvote"),
        "at_us": pl.col("at_us"),
        "received_us": pl.col("at_us"),
    }
    return events.select(
        given.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in SCHEMA.items()
    )


def _apart(found: PublicSet, way: Way, params: RoundParams) -> Ordered:
    held = held_apart(found)
    material = _material(found, held)
    return foreseen(material, held, params, sample=way.sample, has_order=found.has_times)


def _by_day(found: PublicSet, way: Way, params: RoundParams) -> Ordered:
    """Judge the latest days that are over; the weights are those of the last of them."""
    items = _items(found.words, found.events)
    at_us = found.events["at_us"].to_numpy()
    n_days = int(at_us.max() - at_us.min()) // DAY_US
    site = Site(log_of(found.events), items, n_days)
    over_us = int(at_us.max()) // DAY_US * DAY_US
    openings = [over_us - back * DAY_US for back in range(min(way.days, n_days), 0, -1)]
    done = judged_at(site, openings, params, baselines)
    return Ordered(done.found, done.weights[openings[-1]])


def _material(found: PublicSet, held: Mask) -> Material:
    """Return what training works on, of a set some events of which are held out."""
    known = found.events.filter(~held)
    others: list[str] = []
    if found.shape is not Shape.TIME:
        others = [*found.events["item"].unique(maintain_order=True), *found.words]
    items = _items(found.words, known, others)
    rows = {item.id: row for row, item in items.items()}
    now_us = int(known["at_us"].to_numpy().max()) + HOUR_US
    return gather(log_of(found.events), items, rows, "public", now_us)


def _items(
    words: dict[str, Words], events: pl.DataFrame, others: Iterable[str] = ()
) -> dict[int, StoredItem]:
    """Return items by row, as they came: each was listed when somebody first went for it.

    Args:
        others: that were there before anybody did anything.
    """
    firsts = events.group_by("item").agg(pl.col("at_us").min()).sort("at_us", "item")
    listed = dict(firsts.iter_rows())
    began_us = min(listed.values())
    listed |= {item: began_us for item in others if item not in listed}
    items = {}
    for row, (item, at_us) in enumerate(listed.items()):
        said = words.get(item, Words(item))
        items[row] = StoredItem(
            id=item,
            title=said.title,
            text=said.text,
            topics=said.topics,
            created_us=at_us,
            listed_at=from_us(at_us),
        )
    return items


def _interval(values: NDArray[np.float64]) -> str:
    found = metrics.interval(values, np.random.default_rng(0))
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"
