"""What the voices cost: ranking in process with the full blend, as a ratio to factors alone.

`python -m bench.blend`; part of `make bench`.
"""

import time

import numpy as np
import scipy.sparse as sp

from recsvc.core import compiled
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import Model, build, publish
from recsvc.core.ranking.arrangement import ArrangementParams, arranged
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.reader import Reader
from recsvc.core.text.terms import N_COLUMNS
from workers.evaluation.trials import content_of, snapshot_of
from workers.training.params import AlsParams, LearnParams

_WORDS, _WORDS_PER_ITEM, _HISTORY = 30_000, 60, 30
_ALONE = BlendParams(similar=0.0, content=0.0, trending=0.0, fresh=0.0)
_MEASURED = ((_ALONE, 0.0), (BlendParams(), 0.0), (BlendParams(), 0.05))
_NOW_US = 1_763_000_000_000_000


def made_up(n: int) -> tuple[Model, Catalogue]:
    """Return a trained model and its catalogue: words by Zipf's law, a twentieth without readers."""
    rng = np.random.default_rng(0)
    words = np.minimum(rng.zipf(1.25, n * _WORDS_PER_ITEM), _WORDS)
    at = (np.repeat(np.arange(n), _WORDS_PER_ITEM), words)
    counts = sp.csr_matrix((np.ones(len(words)), at), (n, N_COLUMNS), dtype=np.float32)
    read = np.concatenate([np.tile(np.arange(n - n // 20), 2), np.minimum(rng.zipf(1.3, n), n) - 1])
    at = (rng.integers(0, n // 10, len(read)), read)
    evidence = sp.csr_matrix((np.ones(len(read)), at), (n // 10, n), dtype=np.float32)
    known = np.arange(n)
    params = LearnParams(als=AlsParams(iterations=1, threads=1))
    snapshot = snapshot_of(evidence, content_of(counts, known, n), params)
    nothing = sp.csr_matrix((0, N_COLUMNS), dtype=np.float32)
    catalogue = Catalogue()
    for row in range(n):
        catalogue.put(row, StoredItem(id=str(row), title="", created_us=_NOW_US - row * 60_000_000))
    return build(publish(snapshot), n, np.empty(0, np.int64), nothing), catalogue


def measured_ms(model: Model, catalogue: Catalogue, params: BlendParams, explore: float) -> float:
    """Return the median processor time of one ranking for readers with a history of 30."""
    shared = common(catalogue, model, params, _NOW_US)
    rng = np.random.default_rng(1)
    took = []
    for _ in range(120):
        rows = rng.choice(model.n, _HISTORY, replace=False)
        reader = Reader(rows, np.full(_HISTORY, 4, np.float32), [], rows.tolist())
        started = time.thread_time()
        ranking = Blend(model, shared, params).rank(reader, catalogue.visible, 300)
        arranged(ranking, catalogue, model, ArrangementParams(explore=explore), 1)
        took.append(time.thread_time() - started)
    return float(np.median(took[20:]) * 1000)


def lines() -> list[str]:
    """Measure, and return the rows of the table."""
    out = [
        "| items | computed by | factors alone, ms | full blend, ms | ratio | with exploration, ratio |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for n in (10_000, 100_000):
        model, catalogue = made_up(n)
        for kernels in dict.fromkeys((None, compiled.kernels())):
            with compiled.computing_with(kernels):
                best = [
                    min(measured_ms(model, catalogue, params, explore) for _ in range(3))
                    for params, explore in _MEASURED
                ]
                what, _ = compiled.which()
            alone, full, exploring = best
            ratios = f"{full / alone:.2f} | {exploring / alone:.2f}"
            out.append(f"| {n:,} | {what} | {alone:.2f} | {full:.2f} | {ratios} |")
    return out


if __name__ == "__main__":
    print("\n".join(lines()))
