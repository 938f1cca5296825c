"""Trying models on a slice: fitted without it, ranked for its readers as they would have been served."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.model.snapshot import Manifest, Snapshot
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices.linear import Linear
from recsvc.core.text.terms import item_text, term_counts
from workers.training import als
from workers.training.engine import Engine
from workers.training.holdout import Holdout
from workers.training.moment import Moment, moments_of
from workers.training.ranking import model_of, ranked
from workers.training.training import Material, Way, fitted, learned_with

K = 20

Values = NDArray[np.float64]
Without = Callable[[Holdout, Way, Manifest], Snapshot]


class Means(msgspec.Struct, frozen=True):
    """What models are tried with: how they are served, and what fits them.

    Attributes:
        threads: for what is fitted; 0: all there are.
        without: fits a model without a slice; None: here, by the engine.
    """

    blend: BlendParams
    engine: Engine = als
    threads: int = 0
    without: Without | None = None


class Trying(msgspec.Struct, frozen=True):
    """A slice and its moments, with the readers who are asked at each."""

    holdout: Holdout
    moments: list[Moment]
    material: Material
    means: Means

    @property
    def blend(self) -> BlendParams:
        """How models are served where they do not say."""
        return self.means.blend

    @property
    def n_readers(self) -> int:
        """How many readers are asked."""
        return sum(len(moment.users) for moment in self.moments)

    def ndcg(self, snapshot: Snapshot) -> Values:
        """Return each reader's NDCG@20 of the whole blend, moment by moment."""
        model, histories = self.model(snapshot), self.holdout.histories
        return np.concatenate(
            [
                ranked(model, self.blend, m).ndcg(histories, m.targets, m.users, K, m.listed)
                for m in self.moments
            ]
        )

    def only(self, places: NDArray[np.int64]) -> "Trying":
        """Return the same with some of the readers who are asked, in the same order.

        Args:
            places: (k,) ascending, in the order of what `ndcg` returns.
        """
        begin, moments = 0, []
        for moment in self.moments:
            own = places[(places >= begin) & (places < begin + len(moment.users))] - begin
            begin += len(moment.users)
            if len(own):
                moments.append(msgspec.structs.replace(moment, users=moment.users[own]))
        return msgspec.structs.replace(self, moments=moments)

    def model(self, snapshot: Snapshot) -> Model:
        """Return a snapshot as it would serve, texts that came after training as when serving."""
        material, n_known = self.material, snapshot.manifest.n_rows
        digest = material.content.digest
        known = np.zeros(material.n_rows, np.uint64)
        known[:n_known] = snapshot.text_digest
        arrived = np.flatnonzero((digest != 0) & (digest != known))
        items = [material.items[row] for row in arrived.tolist()]
        counts = term_counts(item_text(i.title, i.text, i.topics) for i in items)
        return model_of(snapshot, material.n_rows, arrived, counts)

    def way_of(self, manifest: Manifest) -> Way | None:
        """Return how a snapshot was trained; None when it does not say."""
        params = learned_with(manifest, self.means.threads)
        if params is None:
            return None
        is_linear = hears_linear(self.blend, manifest.weights)
        return Way(params, self.means.engine, is_linear)

    def refit(self, manifest: Manifest) -> Snapshot | None:
        """Train without the slice in the way another was; None when it does not say how."""
        way = self.way_of(manifest)
        if way is None:
            return None
        # What was fitted in a process is fitted so again, to the readers that are here.
        if self.means.without is not None and manifest.engine != "implicit":
            return self.means.without(self.holdout, way, manifest)
        return fitted(self.holdout.past, self.material.content, way, manifest)


def hears_linear(blend: BlendParams, weights: Mapping[str, float]) -> bool:
    """Return whether the linear voice speaks with what was learned: else nothing is fitted for it."""
    return Linear().weight(blend.with_weights(weights)) > 0


def trying(holdout: Holdout, material: Material, means: Means, most: int, seed: int) -> Trying:
    """Return a slice ready to try models on.

    Args:
        most: readers who are asked, drawn at random where there are more.
    """
    moments = moments_of(holdout, material.items, means.blend.votes, most)
    return Trying(holdout, drawn(moments, most, seed), material, means)


def drawn(moments: list[Moment], most: int, seed: int) -> list[Moment]:
    """Return moments with at most so many readers in all, drawn at random."""
    everybody = np.concatenate([moment.users for moment in moments])
    kept = np.random.default_rng(seed).permutation(everybody)[:most]
    fewer = [
        msgspec.structs.replace(moment, users=moment.users[np.isin(moment.users, kept)])
        for moment in moments
    ]
    return [moment for moment in fewer if len(moment.users)] or moments
