"""Experiments, measured: what the readers of each variant were shown and did, as files have it.

Readers are counted, not lists: what one does hangs together. Who was shown two variants of an experiment
is left out and told of.
"""

import asyncio
from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl
import structlog

from recsvc.clock import DAY_US
from recsvc.core.experiments.breadth import breadth
from recsvc.core.experiments.experiment import Experiment
from recsvc.core.experiments.report import (
    Report,
    Tally,
    Values,
    as_stopped,
    interleaved_report,
    report,
)
from recsvc.core.experiments.sequential import Rate
from recsvc.store.models.experiments import ExperimentStore
from workers.log.archive import Archive
from workers.log.attribution import attributed_in
from workers.log.exposures import ExposureFiles

log = structlog.get_logger()

# What is done with the last lists of an experiment still counts, and is in a file by then.
_AFTER_US = 2 * DAY_US
# So long before it began readers' doings say what they would do without it.
_PAST_US = 14 * DAY_US
# So many readers say how broad a variant's lists are.
_MOST_ASKED = 2_000
# Longer than so a list takes because of something else: a process that stood still, say.
_LONGEST_MS = 1_000.0

# What a measure counts, of a place that was shown.
_COUNTED = {"clicks": "clicked", "votes": "upvoted", "reads": "has_read"}


class Measuring:
    """Keeps a report of each experiment; at most one at a time, by the leader."""

    def __init__(self, store: ExperimentStore, files: ExposureFiles, archive: Archive) -> None:
        self._store = store
        self._files = files
        self._archive = archive
        self._pasts: dict[str, tuple[int, pl.DataFrame]] = {}

    async def run_once(self, now_us: int) -> int:
        """Report on the experiments that run or ended lately; return how many those are.

        Of one that is guarded a variant ends by itself that is worse.
        """
        wanted = [
            one
            for one in await self._store.all()
            if one.starts_us <= now_us and not one.has_ended(now_us - _AFTER_US)
        ]
        names = {one.name for one in wanted}
        self._pasts = {name: past for name, past in self._pasts.items() if name in names}
        for one in wanted:
            found = await asyncio.to_thread(self._despite_damage, one, now_us)
            before = await self._store.report(one.name) if one.stopped else None
            if before is not None and len(one.stopped) < len(one.variants) - 1:
                found = as_stopped(found, before, one)
            await self._store.keep_report(one.name, found)
            if one.is_guarded and not one.has_ended(now_us):
                await self._stop_worse(one, found, now_us)
        return len(wanted)

    async def _stop_worse(self, one: Experiment, found: Report, now_us: int) -> None:
        worse = {name: why for name, why in found.worse().items() if name not in one.stopped}
        if not worse:
            return
        await self._store.stop_variants(one.name, worse, now_us)
        for name, why in worse.items():
            log.warning("experiment_stopped", experiment=one.name, variant=name, reason=why)

    def _despite_damage(self, experiment: Experiment, now_us: int) -> Report:
        return self._files.despite_damage(lambda: self._measured(experiment, now_us))

    def _measured(self, experiment: Experiment, now_us: int) -> Report:
        prefix = f"{experiment.name}="
        of_it = pl.element().filter(pl.element().str.starts_with(prefix))
        variant = pl.col("variants").list.eval(of_it).list.first()
        exposures = (
            self._files.scan(experiment.starts_us)
            .with_columns(variant=variant.str.strip_prefix(prefix))
            .filter(pl.col("variant").is_not_null())
        )
        places = attributed_in(exposures, self._archive, experiment.starts_us)
        if experiment.is_interleaved:
            return _of_interleaved(experiment, exposures, places, now_us)
        readers = _with_acts(_readers(exposures), places)
        shown = places.group_by("variant").agg(pl.col("item").n_unique()).collect()
        items = dict(shown.iter_rows())
        readers = _with_past(readers, self._past(experiment))
        kept = readers.filter(pl.col("n_variants") == 1)
        tallies = []
        for one in experiment.variants:
            own = kept.filter(pl.col("variant") == one.name)
            tally = _tally(own, items.get(one.name, 0))
            tallies.append(msgspec.structs.replace(tally, breadth=_breadth(own, exposures)))
        return report(experiment, tallies, readers.height - kept.height, _share(readers), now_us)

    def _past(self, experiment: Experiment) -> pl.DataFrame:
        """Return what readers had and did before an experiment, whose names are not remembered."""
        known = self._pasts.get(experiment.name)
        if known is not None and known[0] == experiment.starts_us:
            return known[1]
        since_us = experiment.starts_us - _PAST_US
        # What is done with a list counts for a day: all of it was done before the experiment began.
        exposures = self._files.scan(since_us, experiment.starts_us - DAY_US)
        places = attributed_in(exposures, self._archive, since_us)
        lists = exposures.group_by("user").agg(pl.col("feed_id").n_unique().alias("lists"))
        past = _with_acts(lists.collect(), places)
        named = {name: f"{name}_before" for name in ("lists", *_COUNTED)}
        found = past.with_columns(reader=pl.col("user").hash()).drop("user").rename(named)
        self._pasts[experiment.name] = (experiment.starts_us, found)
        return found


def _with_past(readers: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return readers, in their order, with what they had and did before; 0 where there is nothing."""
    named = readers.with_columns(reader=pl.col("user").hash())
    return named.join(past, on="reader", how="left", maintain_order="left").fill_null(0)


def _of_interleaved(
    experiment: Experiment, exposures: pl.LazyFrame, places: pl.LazyFrame, now_us: int
) -> Report:
    """Return what came of lists of both variants: a click counts for whose pick it was."""
    has_teams = pl.col("teams").list.drop_nulls().list.len() > 0
    readers = _readers(exposures.filter(has_teams))
    tallies = []
    for team in (0, 1):
        picks = places.filter(pl.col("team") == team)
        whole = _with_acts(readers, picks)
        n_items = picks.select(pl.col("item").n_unique()).collect().item()
        tallies.append(Tally(_values(whole["lists"]), _sums(whole, _COUNTED), n_items))
    return interleaved_report(experiment, tallies, _share(readers), now_us)


def _breadth(readers: pl.DataFrame, exposures: pl.LazyFrame) -> Rate:
    """Return how broad the lists of a variant's readers are; of many, of some that a hash says."""
    asked = readers.select("user").sort(pl.col("user").hash()).head(_MOST_ASKED)
    asked = asked.with_row_index("reader")
    shown = (
        exposures.join(asked.lazy(), on="user")
        .select("reader", pl.col("items").alias("item"))
        .explode("item")
        .drop_nulls()
        .unique()
        .collect()
    )
    items = shown["item"].rank("dense").cast(pl.Int64) - 1
    return breadth(shown["reader"].cast(pl.Int64).to_numpy(), items.to_numpy(), asked.height)


def _share(readers: pl.DataFrame) -> float:
    share = readers["share"].min()
    return float(share) if isinstance(share, float) else 1.0


def _readers(exposures: pl.LazyFrame) -> pl.DataFrame:
    """Return one row for each reader: how many lists, empty ones, days, variants."""
    is_empty = pl.col("items").list.len() == 0
    took_ms = (pl.col("took_us") / 1_000).clip(upper_bound=_LONGEST_MS)
    return (
        exposures.group_by("user")
        .agg(
            pl.col("variant").first(),
            pl.col("variant").n_unique().alias("n_variants"),
            pl.col("share").min(),
            pl.col("feed_id").n_unique().alias("lists"),
            pl.col("feed_id").filter(is_empty).n_unique().alias("empty"),
            (pl.col("at_us") // DAY_US).n_unique().alias("days"),
            took_ms.sum().alias("latency"),
            took_ms.count().alias("timed"),
        )
        .collect()
    )


def _with_acts(readers: pl.DataFrame, places: pl.LazyFrame) -> pl.DataFrame:
    """Return readers, in their order, with how often each did what a measure counts at some places."""
    acts = [pl.col(column).sum().alias(name) for name, column in _COUNTED.items()]
    did = places.group_by("user").agg(acts).collect()
    return readers.join(did, on="user", how="left", maintain_order="left").fill_null(0)


def _tally(readers: pl.DataFrame, n_items: int) -> Tally:
    returned = _values(readers["days"] > 1)
    sums = _sums(readers, (*_COUNTED, "empty", "latency")) | {"returns": returned}
    before = {name: _values(readers[f"{name}_before"]) for name in ("lists", *_COUNTED)}
    timed = _values(readers["timed"])
    return Tally(_values(readers["lists"]), sums, n_items, timed, before=before)


def _sums(readers: pl.DataFrame, names: Iterable[str]) -> dict[str, Values]:
    return {name: _values(readers[name]) for name in names}


def _values(column: pl.Series) -> Values:
    return column.to_numpy().astype(np.float64)
