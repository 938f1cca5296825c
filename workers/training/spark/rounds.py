"""Rounds by Spark: the log stays on the cluster, and what it taught goes through the same gate.

The judge asks readers who were drawn by lot, with everything they did: what comes to this process of the
log is theirs, however long it is. All else that comes here is by item.
"""

from collections.abc import Callable

import msgspec
from pyspark.sql import DataFrame

from recsvc.core.model.neighbours import lists, nowhere
from recsvc.core.model.snapshot import Manifest, Snapshot
from recsvc.core.readers.profile import ProfileParams
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from workers.log.archive import Archive
from workers.log.copied import Copied
from workers.training.candidate import Round, RoundParams, carry_out
from workers.training.gathering import (
    ElsewhereMaterial,
    gathered_elsewhere,
    gathered_from_copy,
)
from workers.training.holdout import Holdout
from workers.training.learning import Beginning, Learned, lead_on
from workers.training.params import SparkParams
from workers.training.scratch import Scratch
from workers.training.spark.evidence import evidence, numbered
from workers.training.spark.learning import Spread, spread
from workers.training.spark.log import SpreadLog, drawn, opened, without
from workers.training.spark.session import session
from workers.training.trainer import Steps
from workers.training.training import Content, Material, Way, snapshot_of
from workers.training.tuning import Found

ENGINE = "spark"


def steps(params: SparkParams, scratch: Scratch, copy: Copied | None = None) -> Steps:
    """Return how rounds are carried out on a cluster.

    Args:
        scratch: which executors see under the same path, as they see the archive.
        copy: of the archive, which they fetch in its place.
    """

    async def of_copy(_: Archive, streams: Streams, items: Items, now_us: int) -> Material:
        assert copy is not None
        return await gathered_from_copy(copy, streams, items, now_us)

    gather = gathered_elsewhere if copy is None else of_copy
    return Steps(gather, _Rounds(params, scratch).carry_out)


class _Rounds:
    def __init__(self, params: SparkParams, scratch: Scratch) -> None:
        self._params = params
        self._scratch = scratch

    def carry_out(
        self,
        material: Material,
        current: Snapshot | None,
        found: Found | None,  # noqa: ARG002 - nothing is tuned
        how: RoundParams,
        clock: Callable[[], float],
    ) -> Round:
        """Train a candidate and judge it, as `candidate.carry_out`.

        Raises:
            ConflictError: when another process trains by Spark on the same data folder.
        """
        assert isinstance(material, ElsewhereMaterial)
        with self._scratch.begun(), session(self._params.master) as spark:
            log = opened(spark, material, self._scratch.new())
            asked = drawn(log, material, self._params.judged_events, self._scratch.new())
            fits = _OnCluster(log, asked, how.train.profile, self._scratch)
            on_cluster = msgspec.structs.replace(how, fits=lambda *_: fits, search_s=0.0)
            return carry_out(asked, current, None, on_cluster, clock)


class _OnCluster:
    """Fits models to a log on a cluster."""

    def __init__(
        self,
        log: SpreadLog,
        asked: ElsewhereMaterial,
        profile: ProfileParams,
        scratch: Scratch,
    ) -> None:
        self._log = log
        self._asked = asked
        self._profile = profile
        self._scratch = scratch
        self.n_events = log.n_events

    def without(self, holdout: Holdout, way: Way, about: Manifest) -> Snapshot:
        """Fit a model to the log without a slice, for all readers."""
        events = without(self._log, holdout, self._asked.events, self._scratch.new())
        return self._fitted(events, holdout.cut_us, way, about)

    def everything(self, way: Way, about: Manifest, begin: Beginning) -> Snapshot:  # noqa: ARG002
        """Fit a model to the whole log; MLlib begins from chance."""
        return self._fitted(self._log.events, self._asked.now_us, way, about)

    def _fitted(self, events: DataFrame, at_us: int, way: Way, about: Manifest) -> Snapshot:
        known = events.filter("row is not null")
        pairs = numbered(evidence(known, self._profile, at_us))
        done = spread(pairs, self._asked.n_rows, way.params, self._scratch.new())
        content = self._asked.content
        counted = msgspec.structs.replace(
            about,
            engine=ENGINE,
            n_users=done.figures.n_users,
            n_interactions=done.figures.n_interactions,
        )
        return snapshot_of(_completed(done, content), content, way.params, counted)


def _completed(done: Spread, content: Content) -> Learned:
    """Return what was learned, with what texts say of items without interactions."""
    n_rows, factors, support = len(done.support), done.item_factors, done.support
    if not support.any():
        nobody = nowhere(n_rows)
        return Learned(factors, support, done.weighting, nobody, done.reader_gram, nobody)
    fixed = lead_on(done.walked, support, content.texts)
    factors[support == 0] = fixed.near @ factors
    followed = lists(done.followed)
    return Learned(factors, support, done.weighting, fixed.neighbours, done.reader_gram, followed)
