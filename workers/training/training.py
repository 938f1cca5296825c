"""Training: events -> evidence -> confidence -> ALS -> snapshot.

Everything here is a function of the log, the catalogue and the settings: the same three give the same
arrays, byte for byte.
"""

import os
from typing import cast

import msgspec
import numpy as np
import polars as pl

from recsvc.clock import from_us
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import text_digest
from recsvc.core.model.snapshot import Manifest, Snapshot
from recsvc.core.text import tfidf
from recsvc.core.text.terms import item_text, term_counts
from workers.training import als
from workers.training.engine import Engine
from workers.training.interactions import CatalogueLog, interactions
from workers.training.learning import NOTHING, Beginning, Learned, learn, with_linear
from workers.training.params import AlsParams, LearnParams, TrainParams
from workers.training.past import Past


class Content(msgspec.Struct, frozen=True):
    """What the catalogue's texts say, by row.

    Attributes:
        digest: (n_rows,) uint64 of each text; 0 for rows without an item.
        texts: n_rows rows; empty ones for rows without an item.
    """

    digest: np.ndarray
    terms: tfidf.Terms
    texts: tfidf.Texts


def describe(items: dict[int, StoredItem], n_rows: int) -> Content:
    """Return what the texts of a catalogue say.

    Args:
        items: by row.
    """
    rows = np.array(sorted(items), np.int64)
    texts = [item_text(items[r].title, items[r].text, items[r].topics) for r in rows.tolist()]
    digest = np.zeros(n_rows, np.uint64)
    digest[rows] = [text_digest(text) for text in texts]
    counts = term_counts(texts)
    terms = tfidf.fit(counts)
    weighed = tfidf.weigh(counts, terms)
    placed = tfidf.empty(n_rows, weighed.n_terms)
    placed.terms[rows], placed.weights[rows] = weighed.terms, weighed.weights
    return Content(digest, terms, placed)


class Way(msgspec.Struct, frozen=True):
    """A way of training: the parameters, and what fits the factors.

    Attributes:
        is_linear: whether what the linear voice speaks from is fitted, too.
    """

    params: LearnParams
    engine: Engine = als
    is_linear: bool = False


class Material(msgspec.Struct, frozen=True):
    """What training works on.

    Attributes:
        events: the log, every item under its own id.
        items: the catalogue by row.
        listed: row of every item in the catalogue.
        n_rows: rows the catalogue has given out.
        now_us: the instant that evidence ages against, and the snapshot's time.
    """

    events: pl.DataFrame
    items: dict[int, StoredItem]
    listed: dict[str, int]
    n_rows: int
    catalogue_id: str
    content: Content
    now_us: int

    @property
    def log(self) -> CatalogueLog:
        """What happened, and to which rows."""
        return CatalogueLog(self.events, self.listed, self.n_rows)


def gather(
    events: pl.DataFrame,
    items: dict[int, StoredItem],
    rows: dict[str, int],
    catalogue_id: str,
    now_us: int,
) -> Material:
    """Put together what training works on.

    Args:
        events: the log.
        items: the catalogue by row.
        rows: the row of every id that ever had an item.
    """
    aliases = {alias: item.id for item in items.values() for alias in item.aliases}
    return Material(
        events.with_columns(pl.col("item").replace(aliases)),
        items,
        {item: row for item, row in rows.items() if row in items},
        len(rows),
        catalogue_id,
        describe(items, len(rows)),
        now_us,
    )


def train(material: Material, params: TrainParams) -> Snapshot:
    """Train a model on an event log and a catalogue."""
    m = material
    found = interactions(m.log, params.profile, m.now_us)
    about = announced(material, found.n_events)
    return fitted(found.past, m.content, Way(params.learn), about)


def announced(material: Material, n_events: int) -> Manifest:
    """Return what is known of a snapshot before it is trained."""
    return Manifest(
        snapshot_id=new_snapshot_id(material.now_us),
        catalogue_id=material.catalogue_id,
        created_us=material.now_us,
        seen_us=int(cast(int | None, material.events["received_us"].max()) or 0),
        n_rows=material.n_rows,
        n_items=len(material.items),
        n_events=n_events,
    )


def tried(n_rows: int, n_events: int = 0) -> Manifest:
    """Return what is known beforehand of a snapshot that is tried out and never published."""
    return Manifest(
        snapshot_id="trial",
        catalogue_id="trial",
        created_us=0,
        n_rows=n_rows,
        n_items=n_rows,
        n_events=n_events,
    )


def fitted(
    past: Past,
    content: Content,
    way: Way,
    about: Manifest,
    begin: Beginning = NOTHING,
) -> Snapshot:
    """Fit a model to what readers did and to content.

    Args:
        about: what is known of the snapshot beforehand.
    """
    evidence = past.evidence
    learned = learn(past, content.texts, way.params, begin, way.engine)
    if way.is_linear:
        learned = with_linear(learned, past)
    known = msgspec.structs.replace(
        about, n_users=evidence.shape[0], n_interactions=int(evidence.nnz)
    )
    return snapshot_of(learned, content, way.params, known)


def snapshot_of(
    learned: Learned, content: Content, params: LearnParams, about: Manifest
) -> Snapshot:
    """Put together what was learned and what the catalogue says.

    Args:
        about: what is known of the snapshot, how much it was learned from included.
    """
    manifest = msgspec.structs.replace(
        about,
        n_factors=params.als.factors,
        regularization=params.als.regularization,
        mean_weight=learned.weighting.mean_weight,
        confidence=params.confidence,
        seed=params.als.seed,
        iterations=params.als.iterations,
    )
    return Snapshot(
        manifest,
        learned.factors,
        learned.weighting.item_weight,
        learned.support,
        content.digest,
        content.terms,
        content.texts,
        learned.neighbours,
        learned.reader_gram,
        learned.transitions,
        learned.linear,
    )


def learned_with(manifest: Manifest, threads: int) -> LearnParams | None:
    """Return the parameters a snapshot was trained with; None where an earlier version kept too few."""
    m = manifest
    if m.iterations < 1 or m.n_factors < 1:
        return None
    als = AlsParams(
        factors=m.n_factors,
        iterations=m.iterations,
        regularization=m.regularization,
        threads=threads,
        seed=m.seed,
    )
    return LearnParams(m.confidence, als)


def new_snapshot_id(now_us: int) -> str:
    """Return an id that sorts by time."""
    return f"{from_us(now_us).strftime('%Y%m%dT%H%M%S')}-{os.urandom(3).hex()}"
