"""The protocols: what is trained on, who is ranked for, what counts as found."""

import time
from collections.abc import Callable
from types import ModuleType

import msgspec
import numpy as np
import scipy.sparse as sp

from bench.goals.data import first_items, only
from recsvc.core.model.confidence import ConfidenceParams, weigh
from recsvc.core.model.folding import folded
from recsvc.core.model.model import Model, build, publish, with_warmed
from recsvc.core.model.warming import Visit, warm
from recsvc.core.ranking.params import BlendParams
from workers.evaluation.outcomes import Outcomes, outcomes
from workers.evaluation.trials import content_of, snapshot_of
from workers.training import als
from workers.training.holdout import at_random
from workers.training.learning import Beginning
from workers.training.params import AlsParams, LearnParams
from workers.training.popularity import lists_by, readers_of
from workers.training.ranking import Ranked, model_of, ranked, served
from workers.training.trying import Means
from workers.training.tuning import Found, Sitting, Window, tune

# Nothing in these sets has a date: there is no item that was read last.
BLEND = BlendParams(just_read=0)


class Run(msgspec.Struct, frozen=True):
    """How a run is carried out.

    Attributes:
        sample: readers per protocol; 0 for all of them.
        search_s: budget of each search.
        say: told what goes on.
    """

    splits: ModuleType
    sample: int
    search_s: float
    threads: int
    say: Callable[[str], object]


class Measured(msgspec.Struct, frozen=True):
    """One figure beside its goal."""

    id: str
    what: str
    value: float
    goal: float
    at_most: bool = False
    stretch: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def measure(
    run: Run,
    shipped: Ranked,
    histories: sp.csr_matrix,
    targets: sp.csr_matrix,
    ks: tuple[int, ...],
    columns: np.ndarray | None = None,
    users: np.ndarray | None = None,
) -> Outcomes:
    """Rank everything in `columns` for every reader who has both a history and a target in them."""
    candidates = np.ones(shipped.model.n, bool)
    if columns is not None:
        candidates[:] = False
        candidates[columns] = True
        targets = only(targets, columns)
    can = (np.diff(targets.indptr) > 0) & (np.diff(histories.indptr) > 0)
    chosen = np.flatnonzero(can) if users is None else users[can[users]]
    if run.sample and len(chosen) > run.sample:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, run.sample, replace=False))
    lists = (r.rows for r in shipped.rankings(histories, chosen, max(ks), candidates))
    return outcomes(lists, chosen, targets, ks)


def tuned(
    run: Run, train: sp.csr_matrix, counts: sp.csr_matrix | None, known: np.ndarray, factors: int
) -> Found:
    """Search inside a training window, from the service's defaults."""
    begin = LearnParams(ConfidenceParams(), AlsParams(factors=factors, threads=run.threads))
    evidence, targets = at_random(train, 0.1, seed=1)
    window = Window(evidence, targets, content_of(counts, known, train.shape[1]))
    found = tune(window, begin, Means(BLEND), Sitting(run.search_s, time.monotonic))
    run.say(
        f"search: NDCG@20 {found.ndcg_before:.4f} -> {found.ndcg:.4f} with {found.n_tried} tries "
        f"in {found.took_s:.0f} s: {described(found.params)}"
    )
    return found


def described(params: LearnParams) -> str:
    """Return parameters on one line."""
    c, a = params.confidence, params.als
    return (
        f"factors {a.factors}, iterations {a.iterations}, alpha {c.alpha:g}, "
        f"regularization {a.regularization:g}, exponents {c.user_exponent:g}/{c.item_exponent:g}"
    )


def gowalla(run: Run) -> list[Measured]:
    """G, and what it costs: A1, A2."""
    train, test = run.splits.gowalla()
    content = content_of(None, np.empty(0, np.int64), train.shape[1])
    params = tuned(run, train, None, np.empty(0, np.int64), 256).params
    started = time.perf_counter()
    snapshot = snapshot_of(train, content, params)
    ours = time.perf_counter() - started
    bare = AlsParams(factors=256, iterations=15, regularization=30.0, threads=run.threads)
    started = time.perf_counter()
    als.fit(weigh(train, ConfidenceParams(40.0, 0, 0))[0], bare)
    theirs = time.perf_counter() - started
    run.say(f"training took {ours:.1f} s, bare implicit {theirs:.1f} s")
    found = measure(run, served(snapshot, BLEND), train, test, (20,))
    alone = msgspec.structs.replace(BLEND, similar=0.0)
    without = measure(run, served(snapshot, alone), train, test, (20,), users=found.users)
    run.say(f"factors alone: {without.means(['recall@20', 'ndcg@20'])}")
    means = found.means(["recall@20", "ndcg@20"])
    return [
        Measured("A1", "G, recall@20", means["recall@20"], 0.180, stretch=0.182),
        Measured("A1", "G, NDCG@20", means["ndcg@20"], 0.151, stretch=0.1547),
        Measured("A2", "cost of training, of bare implicit's", ours / theirs, 0.5, at_most=True),
    ]


def cold_papers(run: Run) -> list[Measured]:
    """T-COLD: new papers only: C1."""
    x, counts = run.splits.citeulike_t()
    means = []
    params = None
    for seed in (0, 1, 2):
        train, test, cold = run.splits.cold_split(x, seed)
        known = np.setdiff1d(np.arange(x.shape[1]), cold)
        params = params or tuned(run, train, counts, known, 128).params
        snapshot = snapshot_of(train, content_of(counts, known, x.shape[1]), params)
        shipped = ranked(model_of(snapshot, x.shape[1], cold, counts[cold]), BLEND)
        found = measure(run, shipped, train, test, (10, 100), cold)
        means.append(found.means(["recall@100", "ndcg@10"]))
        run.say(f"T-COLD seed {seed}: {means[-1]}")
    recall, ndcg = (np.mean([m[name] for m in means]) for name in ("recall@100", "ndcg@10"))
    return [
        Measured("C1", "T-COLD, recall@100", float(recall), 0.59, stretch=0.62),
        Measured("C1", "T-COLD, NDCG@10", float(ndcg), 0.20, stretch=0.215),
    ]


def mixed_feed(run: Run) -> list[Measured]:
    """JOINT: new papers and held-out old ones among all papers: C2."""
    x, counts = run.splits.citeulike_t()
    train, old, test, cold = run.splits.joint_split(x)
    known = np.setdiff1d(np.arange(x.shape[1]), cold)
    params = tuned(run, train, counts, known, 128).params
    snapshot = snapshot_of(train, content_of(counts, known, x.shape[1]), params)
    shipped = ranked(model_of(snapshot, x.shape[1], cold, counts[cold]), BLEND)
    everything = measure(run, shipped, train, test, (20,)).means(["recall@20", "ndcg@20"])
    among_old = measure(run, shipped, train, old, (20,), known).means(["recall@20"])
    return [
        Measured("C2", "JOINT, recall@20", everything["recall@20"], 0.227, stretch=0.24),
        Measured("C2", "JOINT, NDCG@20", everything["ndcg@20"], 0.159),
        Measured("C2", "JOINT, old among old, recall@20", among_old["recall@20"], 0.270),
    ]


def unseen_readers(run: Run) -> list[Measured]:
    """F: readers never trained on, and D1: fold-in against an exact solve."""
    train, test = run.splits.gowalla()
    everything = sp.csr_matrix(train + test)
    rest, given, target, users = run.splits.fold_in_split(everything)
    params = LearnParams(
        ConfidenceParams(20, 0.35, 0.35), AlsParams(factors=128, threads=run.threads)
    )
    content = content_of(None, np.empty(0, np.int64), train.shape[1])
    unseen = served(snapshot_of(rest, content, params), BLEND)
    trained = served(snapshot_of(sp.csr_matrix(rest + given), content, params), BLEND)
    folded_in = measure(run, unseen, given, target, (10,), users=users)
    known = measure(run, trained, given, target, (10,), users=folded_in.users)
    one = first_items(given, users, 1, seed=0)
    after_one = measure(run, unseen, one, target, (10,), users=folded_in.users)
    lists = lists_by(readers_of(rest), one, after_one.users, 10)
    popular = outcomes(lists, after_one.users, target, (10,))
    ours, theirs = folded_in.means(["ndcg@10"])["ndcg@10"], known.means(["ndcg@10"])["ndcg@10"]
    base = popular.means(["ndcg@10"])["ndcg@10"]
    run.say(f"F: trained {theirs:.4f}, unseen {ours:.4f}, popularity {base:.4f}")
    gain = after_one.means(["ndcg@10"])["ndcg@10"] / base
    return [
        Measured("D1", "fold-in, largest difference", exactness(unseen, given, users), 1e-4, True),
        Measured("D2", "F, NDCG@10", ours, 0.20),
        Measured("D2", "F, of those trained on", ours / theirs, 0.97),
        Measured("D3", "after one item, times popularity", gain, 3.5),
    ]


def exactness(shipped: Ranked, given: sp.csr_matrix, users: np.ndarray) -> float:
    """Return the largest difference of fold-in to a solve of the whole system, 1,000 readers."""
    learned = shipped.model.learned
    assert learned is not None
    worst = 0.0
    for user in users[:1000]:
        rows = given.indices[given.indptr[user] : given.indptr[user + 1]].astype(np.int64)
        ones = np.ones(len(rows), np.float32)
        found = folded(learned, rows, ones).factors
        Y = learned.factors[rows].astype(np.float64)
        weighting = learned.weighting
        w = weighting.item_weight[rows].astype(np.float64)
        w *= len(rows) ** -weighting.params.user_exponent
        c = np.maximum(1.0, weighting.params.alpha * w / weighting.mean_weight)
        A = learned.solver.gram + (Y.T * (c - 1)) @ Y
        worst = max(worst, float(np.abs(found - np.linalg.solve(A, Y.T @ c)).max()))
    return worst


def first_clicks(run: Run) -> list[Measured]:
    """Cool start: new papers that gather n readers between two trainings: E1."""
    x, counts = run.splits.citeulike_t()
    train, test, cold = run.splits.cold_split(x, 0)
    known = np.setdiff1d(np.arange(x.shape[1]), cold)
    params = LearnParams(
        ConfidenceParams(40, 0.25, 0.25),
        AlsParams(factors=128, iterations=7, regularization=20, threads=run.threads),
    )
    snapshot = snapshot_of(train, content_of(counts, known, x.shape[1]), params)
    before = ranked(model_of(snapshot, x.shape[1], cold, counts[cold]), BLEND).model
    worst, at_three = 1.0, 0.0
    for n in (1, 2, 3, 5, 10):
        seen, left, visits = visited(train, test, cold, n)
        users = np.flatnonzero((np.diff(left.indptr) > 0) & (np.diff(train.indptr) > 0))
        after = with_warmed(before, warm(before, visits))
        results = {}
        for name, model in (("no update", before), ("warmed", after)):
            # The clicks themselves are known to the readers who made them, in both worlds.
            found = measure(run, ranked(model, BLEND), seen, left, (10, 100), cold, users)
            results[name] = found.means(["recall@100", "ndcg@10"])
        run.say(f"cool start, n = {n}: {results}")
        gain = results["warmed"]["recall@100"] / results["no update"]["recall@100"]
        worst = min(worst, gain, results["warmed"]["ndcg@10"] / results["no update"]["ndcg@10"])
        at_three = results["warmed"]["recall@100"] if n == 3 else at_three
    return [
        Measured("E1", "cool start, worst of no update", worst, 1.0),
        Measured("E1", "cool start, n = 3, recall@100", at_three, 0.65),
    ]


def visited(
    train: sp.csr_matrix, test: sp.csr_matrix, cold: np.ndarray, n: int
) -> tuple[sp.csr_matrix, sp.csr_matrix, dict[int, list[Visit]]]:
    """Return histories, what is still to be found, and the readers of each new paper by now.

    Of each new paper that more than n readers want, n of them, drawn at random, have come by now;
    whoever came knows the paper and has it in their history. The others compete without readers, and
    are nobody's target.
    """
    rng = np.random.default_rng(n)
    by_item = test.tocsc()
    taken = sp.lil_matrix(test.shape, dtype=np.float32)
    visits: dict[int, list[Visit]] = {}
    for item in cold.tolist():
        readers = by_item.indices[by_item.indptr[item] : by_item.indptr[item + 1]]
        if len(readers) <= n:
            continue
        chosen = rng.choice(readers, n, replace=False)
        taken[chosen, item] = 1
        visits[item] = [
            Visit(h.indices.astype(np.int64), h.data.astype(np.float32), 1.0)
            for h in (train[u] for u in chosen)
        ]
    left = only(sp.csr_matrix(test - taken.tocsr()), np.array(sorted(visits)))
    histories = sp.csr_matrix(train + taken.tocsr())
    histories.sort_indices()
    return histories, left, visits


def growing(run: Run) -> list[Measured]:
    """F4: a tenth more interactions and one iteration from the factors there were."""
    train, test = run.splits.gowalla()
    params = LearnParams(
        ConfidenceParams(20, 0.35, 0.35), AlsParams(factors=128, threads=run.threads)
    )
    content = content_of(None, np.empty(0, np.int64), train.shape[1])
    earlier, _ = at_random(train, 1 / 11, seed=3)
    first = snapshot_of(earlier, content, params)
    anew = snapshot_of(train, content, params)
    on = snapshot_of(train, content, params, Beginning(first.item_factors))
    full = measure(run, served(anew, BLEND), train, test, (20,))
    one = measure(run, served(on, BLEND), train, test, (20,), users=full.users)
    share = one.means(["recall@20"])["recall@20"] / full.means(["recall@20"])["recall@20"]
    alone = msgspec.structs.replace(BLEND, similar=0.0)
    factors = [
        measure(run, served(s, alone), train, test, (20,), users=full.users).means(["recall@20"])
        for s in (anew, on)
    ]
    run.say(f"F4, factors alone: anew {factors[0]}, one iteration {factors[1]}")
    return [Measured("F4", "+10 %, one iteration, of a full fit", share, 0.99)]


def arriving(run: Run) -> list[Measured]:
    """F5: 5,000 new papers mapped into a catalogue of 20,000."""
    x, counts = run.splits.citeulike_t()
    train, _, cold = run.splits.cold_split(x, 0)
    n = 25_000
    known = np.setdiff1d(np.arange(x.shape[1]), cold)[:20_000]
    arrived = np.concatenate([cold, np.setdiff1d(np.arange(x.shape[1]), cold)[20_000:]])[:5_000]
    order = np.concatenate([known, arrived])
    train, counts = train[:, order], counts[order]
    params = LearnParams(als=AlsParams(factors=64, threads=run.threads))
    snapshot = snapshot_of(
        train[:, :20_000], content_of(counts[:20_000], np.arange(20_000), 20_000), params
    )
    published = publish(snapshot)
    fresh = np.arange(20_000, n)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        model: Model = build(published, n, fresh, counts[fresh])
        took.append(time.perf_counter() - started)
    assert model.learned is not None
    return [Measured("F5", "5,000 into 20,000 papers, s", min(took), 2.0, at_most=True)]


PROTOCOLS: dict[str, Callable[[Run], list[Measured]]] = {
    "gowalla": gowalla,
    "cold": cold_papers,
    "joint": mixed_feed,
    "unseen": unseen_readers,
    "clicks": first_clicks,
    "growing": growing,
    "arriving": arriving,
}
