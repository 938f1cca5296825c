"""Snapshots: immutable published models; what the worker trains and the API serves.

A snapshot holds arrays by row of the catalogue and no user factors: readers are folded in per
request. Rows are the catalogue's own, so a snapshot fits every process that serves that catalogue,
and any older snapshot still does.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.confidence import ConfidenceParams, Weighting
from recsvc.core.model.neighbours import Neighbours, nowhere
from recsvc.core.text.tfidf import WIDTH, Terms, Texts
from recsvc.errors import SnapshotError

FORMAT_VERSION = 2


class ArrayInfo(msgspec.Struct, frozen=True):
    """Where an array lies in the snapshot's bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    sha256: str


class Compared(msgspec.Struct, frozen=True):
    """NDCG@20 of two rankings over the same readers.

    Attributes:
        low, high: where the mean difference lies with 95 % confidence.
    """

    ours: float
    theirs: float
    low: float
    high: float


class Verdict(msgspec.Struct, frozen=True):
    """What the gate said of a snapshot before it could be published.

    Attributes:
        reason: in a sentence for people.
        n_readers: readers that it was tried on.
        against: by what it was compared with: `served`, `popularity`, `popularity, 3 days`, `trending`.
            All figures are of models that had not seen what they were asked for.
        foreseen: NDCG@20 of the same training without what was asked for; None when not judged.
        asked: what was held out, in words.
    """

    passed: bool
    reason: str
    n_readers: int = 0
    against: dict[str, Compared] = msgspec.field(default_factory=dict)
    foreseen: float | None = None
    asked: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a snapshot without its arrays; fields of later versions are ignored.

    Attributes:
        snapshot_id: sorts by time.
        catalogue_id: the catalogue whose rows the arrays follow.
        created_us: when training began.
        seen_us: when the service received the latest event in it, by the clock of whoever received it,
            which another's may be behind; 0 where a former release trained it, or without events.
        n_rows, n_items: rows the catalogue had given out, and items there were.
        n_events: events in the log it was trained on.
        n_interactions: (user, item) pairs with evidence.
        mean_weight: see `Weighting`.
        regularization: λ of training, for fold-in.
        iterations: of ALS.
        engine: what fitted the factors.
        size_bytes: of all arrays together.
        weights: how loud voices of the blend speak with it, by name, as training found; those that
            are not named speak as they are set.
        half_at: how many interactions of a reader it takes to hear a voice with half of that, by its
            name, as training found; of those that are not named it is as usual.
        verdict: what the gate said; None when it was not asked.
        metrics: what evaluation said, by name.
        rolled_back: why the online guard no longer has it served; empty if it did not.
    """

    format_version: int = FORMAT_VERSION
    snapshot_id: str
    catalogue_id: str
    created_us: int
    seen_us: int = 0
    n_rows: int
    n_items: int
    n_events: int
    n_users: int = 0
    n_interactions: int = 0
    n_factors: int = 0
    regularization: float = 1.0
    mean_weight: float = 1.0
    confidence: ConfidenceParams = ConfidenceParams()
    seed: int = 0
    iterations: int = 0
    engine: str = "implicit"
    arrays: tuple[ArrayInfo, ...] = ()
    size_bytes: int = 0
    weights: dict[str, float] = msgspec.field(default_factory=dict)
    half_at: dict[str, float] = msgspec.field(default_factory=dict)
    verdict: Verdict | None = None
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    rolled_back: str = ""

    @property
    def was_published(self) -> bool:
        """Whether the gate let it pass, and readers did."""
        return not self.rolled_back and (self.verdict is None or self.verdict.passed)


class Snapshot(msgspec.Struct, frozen=True):
    """A model: a manifest and its arrays.

    Attributes:
        item_factors: (n_rows, f) float32; of items without interactions, predicted from their text.
        item_weight: (n_rows,) float32 deg_i^(-q).
        support: (n_rows,) int32 readers whose interactions the factors were trained on.
        text_digest: (n_rows,) uint64 of the text that `texts` describes; 0 where there is none.
        terms: the terms that count.
        texts: n_rows rows.
        neighbours: where each of the n_rows items leads to.
        reader_gram: (f, f) float32 of the factors of all readers trained on.
        transitions: what readers went for after each of the n_rows items.
        linear: what going for each of the n_rows items foretells; None where readers are no better
            off with it.
    """

    manifest: Manifest
    item_factors: NDArray[np.float32]
    item_weight: NDArray[np.float32]
    support: NDArray[np.int32]
    text_digest: NDArray[np.uint64]
    terms: Terms
    texts: Texts
    neighbours: Neighbours
    reader_gram: NDArray[np.float32]
    transitions: Neighbours
    linear: Neighbours | None = None

    @property
    def weighting(self) -> Weighting:
        """What fold-in needs to weigh readers as training did."""
        m = self.manifest
        return Weighting(self.item_weight, m.mean_weight, m.confidence)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in the order they are stored."""
        arrays: dict[str, NDArray[Any]] = {
            "item_factors": self.item_factors,
            "item_weight": self.item_weight,
            "support": self.support,
            "text_digest": self.text_digest,
            "term_columns": self.terms.columns,
            "term_idf": self.terms.idf,
            "text_terms": self.texts.terms,
            "text_weights": self.texts.weights,
            "neighbour_starts": self.neighbours.starts,
            "neighbour_rows": self.neighbours.rows,
            "neighbour_weights": self.neighbours.weights,
            "reader_gram": self.reader_gram,
            "transition_starts": self.transitions.starts,
            "transition_rows": self.transitions.rows,
            "transition_weights": self.transitions.weights,
        }
        if self.linear is not None:
            arrays |= {
                "linear_starts": self.linear.starts,
                "linear_rows": self.linear.rows,
                "linear_weights": self.linear.weights,
            }
        return arrays


class Warmed(msgspec.Struct, frozen=True):
    """What became of some items since a snapshot was trained: published beside it.

    Attributes:
        snapshot_id: the snapshot whose factors these replace.
        rows: (k,) ascending.
        support: (k,) readers who went for each, by now.
        factors: (k, f).
        led_from, led_to, led_weight: (e,) entries of the walk that their readers add.
    """

    snapshot_id: str
    rows: NDArray[np.int64]
    support: NDArray[np.int32]
    factors: NDArray[np.float32]
    led_from: NDArray[np.int64]
    led_to: NDArray[np.int64]
    led_weight: NDArray[np.float32]


# What the kernels compute with as it lies.
_TYPES = {
    "item_factors": np.float32,
    "text_terms": np.int32,
    "text_weights": np.float32,
    "neighbour_starts": np.int64,
    "neighbour_rows": np.int32,
    "neighbour_weights": np.float16,
    "transition_starts": np.int64,
    "transition_rows": np.int32,
    "transition_weights": np.float16,
    "linear_starts": np.int64,
    "linear_rows": np.int32,
    "linear_weights": np.float16,
}


def assemble(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> Snapshot:
    """Put a snapshot together from a manifest and its arrays.

    Raises:
        SnapshotError: when an array is missing, does not have the shape the manifest promises, or
            holds what cannot be computed with.
    """
    n, f = manifest.n_rows, manifest.n_factors
    promised: dict[str, tuple[int, ...]] = {
        "item_factors": (n, f),
        "text_terms": (n, WIDTH),
        "text_weights": (n, WIDTH),
    }
    promised |= dict.fromkeys(("item_weight", "support", "text_digest"), (n,))
    promised |= {"neighbour_starts": (n + 1,), "reader_gram": (f, f)}
    try:
        if any(arrays[name].shape != shape for name, shape in promised.items()):
            raise SnapshotError(f"snapshot {manifest.snapshot_id} has arrays of another shape")
        if any(arrays[name].dtype != dtype for name, dtype in _TYPES.items() if name in arrays):
            raise SnapshotError(f"snapshot {manifest.snapshot_id} has arrays of another type")
        columns = arrays["term_columns"]
        terms = Terms(columns, arrays["term_idf"], np.arange(len(columns), dtype=np.int32))
        texts = Texts(arrays["text_terms"], _finite_rows(arrays["text_weights"]), max(terms.n, 1))
        snapshot = Snapshot(
            manifest,
            arrays["item_factors"],
            arrays["item_weight"],
            arrays["support"],
            arrays["text_digest"],
            terms,
            texts,
            Neighbours(
                arrays["neighbour_starts"], arrays["neighbour_rows"], arrays["neighbour_weights"]
            ),
            arrays["reader_gram"],
            _optional("transition", arrays, n) or nowhere(n),
            _optional("linear", arrays, n),
        )
    except KeyError as exc:
        raise SnapshotError(f"snapshot {manifest.snapshot_id} is incomplete: {exc}") from exc
    if (broken := not_finite(snapshot.arrays())) is not None:
        raise SnapshotError(f"snapshot {manifest.snapshot_id}: {broken} holds what is no number")
    if (broken := pointing_outside(snapshot)) is not None:
        raise SnapshotError(f"snapshot {manifest.snapshot_id}: {broken} points out of its array")
    return snapshot


def _optional(kind: str, arrays: dict[str, NDArray[Any]], n: int) -> Neighbours | None:
    """Return lists of n items that not every snapshot has, as those of earlier versions do not."""
    starts = arrays.get(f"{kind}_starts")
    if starts is None:
        return None
    if starts.shape != (n + 1,):
        raise SnapshotError(f"{kind} lists are of another shape")
    return Neighbours(starts, arrays[f"{kind}_rows"], arrays[f"{kind}_weights"])


def not_finite(arrays: dict[str, NDArray[Any]]) -> str | None:
    """Return the name of the first array that does not hold numbers only."""
    for name, array in arrays.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            return name
    return None


def pointing_outside(snapshot: Snapshot) -> str | None:
    """Return the name of the first array that points to a term or a row that there is not."""
    texts, n = snapshot.texts, snapshot.manifest.n_rows
    if texts.terms.min(initial=0) < 0 or texts.terms.max(initial=0) >= texts.n_terms:
        return "text_terms"
    lists = {"neighbour_rows": snapshot.neighbours, "transition_rows": snapshot.transitions}
    if snapshot.linear is not None:
        lists["linear_rows"] = snapshot.linear
    return next((name for name, led in lists.items() if not led.is_within(n)), None)


def _finite_rows(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return text weights whose rows are finite: a row that is not becomes one without text.

    Earlier versions wrote NaN for an item all of whose terms weigh nothing. One of them in a sum
    over all texts would make every reader's scores NaN, until the next training replaced it.
    """
    broken = ~np.isfinite(weights).all(axis=1)
    if not broken.any():
        return weights
    mended = weights.copy()
    mended[broken] = 0
    return mended
