"""The model a process ranks with: the published snapshot and the items that came after it.

Building one takes milliseconds for a few new items and copies what it must; requests share it, and a
new one replaces it whole.
"""

import hashlib
from typing import Any, NamedTuple

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.confidence import Weighting
from recsvc.core.model.factors import Solver, solver
from recsvc.core.model.nearest import nearest_among
from recsvc.core.model.neighbours import Neighbours, leading_to, lists
from recsvc.core.model.snapshot import Manifest, Snapshot, Warmed
from recsvc.core.sharing import csr_of
from recsvc.core.text import tfidf
from recsvc.core.text.postings import Postings, posted
from recsvc.core.text.tfidf import Terms, Texts

Rows = NDArray[np.int64]

_PARTS = ("data", "indices", "indptr")  # of a csr_matrix, as it takes them


class Learned(msgspec.Struct, frozen=True):
    """What was learned from interactions.

    Attributes:
        factors: (n, f).
        support: (n,) readers behind the item's factors: those trained on or, of a warmed item, those
            who came since; 0 where the factors are guessed from the text.
        neighbours: where the items of the snapshot lead to.
        transitions: what readers went for after each of them.
        reader_gram: (f, f) of the factors of the readers trained on.
        added: where items lead to among those that came since; None when there are none.
        linear: what each of them foretells; None where training kept none.
    """

    factors: NDArray[np.float32]
    support: NDArray[np.int32]
    weighting: Weighting
    solver: Solver
    neighbours: Neighbours
    reader_gram: NDArray[np.float32]
    regularization: float
    transitions: Neighbours
    added: Neighbours | None = None
    linear: Neighbours | None = None


class Model(msgspec.Struct, frozen=True):
    """What ranking computes with, by row of the catalogue.

    Attributes:
        learned: None while no snapshot has been trained on any interaction.
        texts: what the items' texts say.
        matrix: (n, n_terms) the same as a matrix.
        postings: the same by term.
        warm: (n,) 1 where training saw readers of the item, else 0; a warmed item stays at 0.
        weights: how loud voices speak with it, by name, as training found.
        half_at: how many interactions of a reader it takes to hear them with half of that.
    """

    snapshot_id: str | None
    trained_us: int | None
    learned: Learned | None
    terms: Terms
    texts: Texts
    matrix: sp.csr_matrix
    postings: Postings
    warm: NDArray[np.float32]
    weights: dict[str, float]
    half_at: dict[str, float]

    @property
    def n(self) -> int:
        """Rows the model knows."""
        return self.texts.n


def text_digest(text: str) -> int:
    """Return a number that tells two texts apart; never 0."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") | 1


class Published(msgspec.Struct, frozen=True):
    """A snapshot and what is computed from it once.

    Attributes:
        solver: over the items with interactions only. The others' factors are guesses from text:
            that nobody clicked on them is unknown, not negative.
        postings: (n_terms, n_rows) of its texts.
        walked_back: (n_rows, n_rows) the walk transposed, for items that are still to come.
    """

    snapshot: Snapshot
    solver: Solver
    postings: sp.csr_matrix
    walked_back: sp.csr_matrix


# Another one wherever `prepare` makes something else of the same snapshot.
PREPARED_BY = 1


def prepare(snapshot: Snapshot) -> dict[str, NDArray[Any]]:
    """Return the large arrays that are computed from a snapshot alone: `publish` takes them by name."""
    by_name = {
        "postings": snapshot.texts.postings,
        "walked_back": snapshot.neighbours.matrix.T.tocsr(),
    }
    return {
        f"{name}_{part}": getattr(matrix, part)
        for name, matrix in by_name.items()
        for part in _PARTS
    }


def publish(snapshot: Snapshot, prepared: dict[str, NDArray[Any]] | None = None) -> Published:
    """Make a snapshot ready to serve.

    Args:
        prepared: what `prepare` made of it, where it is at hand.
    """
    arrays = prepare(snapshot) if prepared is None else prepared
    n_terms, n = snapshot.texts.n_terms, snapshot.texts.n
    trained = snapshot.item_factors[snapshot.support > 0]
    fold = solver(trained, snapshot.manifest.regularization)
    postings = _matrix("postings", arrays, (n_terms, n))
    return Published(snapshot, fold, postings, _matrix("walked_back", arrays, (n, n)))


def _matrix(name: str, arrays: dict[str, NDArray[Any]], shape: tuple[int, int]) -> sp.csr_matrix:
    """Return a matrix of its arrays, sharing memory."""
    data, indices, indptr = (arrays[f"{name}_{part}"] for part in _PARTS)
    return csr_of(data, indices, indptr, shape)


def coverage(model: Model, visible: NDArray[np.bool_]) -> float:
    """Return the share of visible items that training saw readers of; 0 where nothing is visible.

    Args:
        visible: (n,) by row; the model may know more rows, or fewer.
    """
    n_covered = float((visible[: model.n] * model.warm[: len(visible)]).sum())
    return n_covered / max(int(visible.sum()), 1)


def with_warmed(model: Model, warmed: Warmed) -> Model:
    """Return a model with the factors of items that gathered their first readers since.

    They stay among the items without interactions, whose scores they are still alike, until training
    has seen their readers.
    """
    learned = model.learned
    if learned is None or warmed.snapshot_id != model.snapshot_id or len(warmed.rows) == 0:
        return model
    inside = (warmed.rows < model.n) & np.isfinite(warmed.factors).all(axis=1)
    rows = warmed.rows[inside]
    factors, support = learned.factors.copy(), learned.support.copy()
    factors[rows], support[rows] = warmed.factors[inside], warmed.support[inside]
    changed = msgspec.structs.replace(
        learned, factors=factors, support=support, added=_led_by(learned, warmed, model.n)
    )
    return msgspec.structs.replace(model, learned=changed)


def _led_by(learned: Learned, warmed: Warmed, n: int) -> Neighbours:
    inside = (warmed.led_from < n) & (warmed.led_to < n) & np.isfinite(warmed.led_weight)
    at = (warmed.led_from[inside], warmed.led_to[inside])
    led = sp.csr_matrix((warmed.led_weight[inside], at), shape=(n, n))
    if learned.added is not None:
        earlier = learned.added.matrix
        earlier.resize(n, n)
        led = led + earlier
    return lists(led)


def build(
    published: Published | None, n_rows: int, fresh_rows: Rows, fresh_counts: sp.csr_matrix
) -> Model:
    """Put together what was published and what came after.

    Args:
        n_rows: rows the catalogue has given out.
        fresh_rows: (k,) ascending: items whose text the snapshot does not describe.
        fresh_counts: (k, N_COLUMNS) their term counts.
    """
    if published is None:
        terms = tfidf.fit(fresh_counts)
        texts = _placed(None, n_rows, fresh_rows, tfidf.weigh(fresh_counts, terms))
        postings = Postings(texts.postings)
        return _model(None, None, (terms, texts, postings), np.zeros(n_rows, np.float32))
    snapshot = published.snapshot
    manifest = snapshot.manifest
    n = max(n_rows, manifest.n_rows)
    terms = tfidf.extended(snapshot.terms, fresh_counts, n)
    fresh = tfidf.weigh(fresh_counts, terms)
    texts = _placed(snapshot.texts, n, fresh_rows, fresh)
    postings = posted(published.postings, fresh_rows, fresh, n)
    came = _Came(fresh_rows, fresh, postings)
    learned = _learned(published, n, came) if manifest.n_interactions else None
    warm = np.zeros(n, np.float32)
    warm[: manifest.n_rows] = snapshot.support > 0
    return _model(manifest, learned, (terms, texts, postings), warm)


def _model(
    manifest: Manifest | None,
    learned: Learned | None,
    said: tuple[Terms, Texts, Postings],
    warm: NDArray[np.float32],
) -> Model:
    snapshot_id = None if manifest is None else manifest.snapshot_id
    trained_us = None if manifest is None else manifest.created_us
    terms, texts, postings = said
    return Model(
        snapshot_id=snapshot_id,
        trained_us=trained_us,
        learned=learned,
        terms=terms,
        texts=texts,
        matrix=texts.matrix,
        postings=postings,
        warm=warm,
        weights={} if manifest is None else manifest.weights,
        half_at={} if manifest is None else manifest.half_at,
    )


def _placed(base: Texts | None, n: int, fresh_rows: Rows, fresh: Texts) -> Texts:
    if base is not None and n == base.n and len(fresh_rows) == 0:
        return base
    texts = tfidf.empty(n, fresh.n_terms)
    if base is not None:
        texts.terms[: base.n], texts.weights[: base.n] = base.terms, base.weights
    texts.terms[fresh_rows], texts.weights[fresh_rows] = fresh.terms, fresh.weights
    return texts


class _Came(NamedTuple):
    """What came or changed since a snapshot.

    Attributes:
        rows: (k,) ascending.
        texts: of those rows.
        postings: of all rows.
    """

    rows: Rows
    texts: Texts
    postings: Postings


def _learned(published: Published, n: int, came: _Came) -> Learned:
    snapshot, fresh_rows = published.snapshot, came.rows
    n_base = snapshot.manifest.n_rows
    learned = Learned(
        snapshot.item_factors,
        snapshot.support,
        snapshot.weighting,
        published.solver,
        snapshot.neighbours,
        snapshot.reader_gram,
        snapshot.manifest.regularization,
        snapshot.transitions,
        linear=snapshot.linear,
    )
    if n == n_base and len(fresh_rows) == 0:
        return learned
    factors = np.zeros((n, snapshot.manifest.n_factors), np.float32)
    factors[:n_base] = snapshot.item_factors
    support = np.zeros(n, np.int32)
    support[:n_base] = snapshot.support
    weight = np.ones(n, np.float32)
    weight[:n_base] = snapshot.item_weight
    cold = np.flatnonzero(support[fresh_rows] == 0)
    near = nearest_among(came.texts.rows(cold), came.postings, snapshot.support > 0)
    factors[fresh_rows[cold]] = near @ snapshot.item_factors
    return msgspec.structs.replace(
        learned,
        factors=factors,
        support=support,
        weighting=msgspec.structs.replace(snapshot.weighting, item_weight=weight),
        added=_added(published, n, fresh_rows[cold], near),
    )


def _added(published: Published, n: int, cold: Rows, near: sp.csr_matrix) -> Neighbours | None:
    """Return where the items of the snapshot lead to among new ones."""
    if len(cold) == 0:
        return None
    n_base = published.snapshot.manifest.n_rows
    leading = leading_to(near, published.walked_back).tocoo()
    added = sp.csr_matrix((leading.data, (leading.col, cold[leading.row])), shape=(n_base, n))
    return lists(added)
