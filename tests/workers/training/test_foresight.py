"""The gate compares what is foreseen, whatever the latest slice of the log looks like."""

import time

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.clock import DAY_US
from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking.params import BlendParams
from tests.workers.training import world
from workers.log.schema import SCHEMA
from workers.training.candidate import RoundParams, carry_out
from workers.training.gate import Gate
from workers.training.holdout import LATEST_OF_EACH, Holdout, hold_out
from workers.training.holdout import divided as divided_by
from workers.training.moment import moments_of
from workers.training.params import AlsParams, GateParams, LearnParams
from workers.training.training import Material, train
from workers.training.trying import Means

replace = msgspec.structs.replace

MIN_READERS = GateParams().min_readers
OVERFITTED = LearnParams(als=AlsParams(factors=128, iterations=30, regularization=0.001, threads=1))


def rounds_with(learn: LearnParams) -> RoundParams:
    return replace(world.ROUND, train=replace(world.PARAMS, learn=learn))


@pytest.fixture(scope="module")
def material() -> Material:
    return world.material()


@pytest.fixture(scope="module")
def overfitted(material: Material) -> Snapshot:
    return carry_out(material, None, None, rounds_with(OVERFITTED), time.monotonic).candidate


def test_a_served_model_that_overfits_blocks_none_that_foresees_as_well(material, overfitted):
    done = carry_out(material, overfitted, None, world.ROUND, time.monotonic).candidate

    verdict = done.manifest.verdict
    assert verdict is not None
    assert verdict.passed, verdict.reason
    assert verdict.against["served"].theirs < 0.9, "a refit, which has not seen the slice"


@pytest.mark.parametrize(
    "als",
    [
        AlsParams(factors=8, threads=1),
        AlsParams(factors=16, regularization=20.0, threads=1),
        AlsParams(factors=16, iterations=3, threads=1),
        AlsParams(factors=16, seed=7, threads=1),
    ],
)
def test_a_changed_setting_is_published_at_the_next_round(material, als):
    served = carry_out(material, None, None, world.ROUND, time.monotonic).candidate

    done = carry_out(material, served, None, rounds_with(LearnParams(als=als)), time.monotonic)

    verdict = done.candidate.manifest.verdict
    assert verdict is not None
    assert verdict.passed, verdict.reason
    assert "served" in verdict.against


def test_a_way_of_training_that_foresees_less_is_stopped(material):
    served = carry_out(material, None, None, world.ROUND, time.monotonic).candidate
    blind = LearnParams(als=AlsParams(factors=1, iterations=1, regularization=1e6, threads=1))
    only = replace(
        world.ROUND.blend, similar=0, content=0, weights={"recent": 0.0, "next": 0.0, "linear": 0.0}
    )
    alone = replace(rounds_with(blind), blend=only)

    done = carry_out(material, served, None, alone, time.monotonic)

    verdict = done.candidate.manifest.verdict
    assert verdict is not None
    assert not verdict.passed
    assert verdict.against["served"].high < 0


def a_broken_text_index(snapshot: Snapshot) -> Snapshot:
    order = np.random.default_rng(0).permutation(snapshot.manifest.n_rows)
    texts = snapshot.texts
    return replace(
        snapshot, texts=replace(texts, terms=texts.terms[order], weights=texts.weights[order])
    )


def a_broken_walk(snapshot: Snapshot) -> Snapshot:
    walk = snapshot.neighbours
    rows = np.random.default_rng(0).permutation(walk.rows)
    return replace(snapshot, neighbours=replace(walk, rows=rows))


@pytest.mark.parametrize(
    ("broken", "voice"), [(a_broken_text_index, "content"), (a_broken_walk, "similar")]
)
def test_each_array_is_asked_alone_and_none_hides_behind_another(broken, voice):
    spoken = {
        row: replace(item, title=f"subject{row % world.SUBJECTS}")
        for row, item in world.items().items()
    }
    material = world.material(catalogue=spoken)
    sound = train(material, world.PARAMS)
    m = material
    holdout = hold_out(m.log, world.PARAMS.profile, 0.1, MIN_READERS)
    blend = world.ROUND.blend

    gate = Gate(material, Means(blend), MIN_READERS)
    assert gate.judge(sound, None, holdout).passed
    verdict = gate.judge(broken(sound), None, holdout)

    assert not verdict.passed
    assert f"its {voice} voice is broken" in verdict.reason


def bulk(rng: np.random.Generator, n: int) -> list[tuple[str, int, int]]:
    """One import of everything that happened, at one instant, told as of one instant."""
    return [(f"u{rng.integers(160)}", 0, 0)] * n


def one_reader(rng: np.random.Generator, n: int) -> list[tuple[str, int, int]]:
    return [("glutton", i, i) for i in range(n)]


def sessions(rng: np.random.Generator, n: int) -> list[tuple[str, int, int]]:
    return [(f"anon:{rng.integers(10**9)}", i, i) for i in range(n)]


def old(rng: np.random.Generator, n: int) -> list[tuple[str, int, int]]:
    return [(f"u{rng.integers(160)}", i, -400 * DAY_US + i) for i in range(n)]


def unknown(rng: np.random.Generator, n: int) -> list[tuple[str, int, int]]:
    return [(f"new{rng.integers(10**6)}", i, i) for i in range(n)]


def tail_of(log: pl.DataFrame, shape, n: int, seed: int) -> pl.DataFrame:
    """Return a log and what came last, a day after: (reader, received, at) by shape."""
    rng = np.random.default_rng(seed)
    now = world.NOW_US + DAY_US
    rows = [
        (0, 10**6 + i, 0, user, f"i{rng.integers(world.N_ITEMS)}", "upvote", now + at, now + got)
        for i, (user, got, at) in enumerate(shape(rng, n))
    ]
    tail = [row + (None,) * (len(SCHEMA) - len(row)) for row in rows]
    return pl.concat([log, pl.DataFrame(tail, schema=SCHEMA, orient="row")])


def at_one_instant(log: pl.DataFrame) -> pl.DataFrame:
    return log.with_columns(at_us=pl.lit(world.NOW_US), received_us=pl.lit(world.NOW_US))


def by_reader(log: pl.DataFrame) -> pl.DataFrame:
    """One import at one instant, its rows in the order of readers."""
    sorted_log = at_one_instant(log).sort("user")
    return sorted_log.with_columns(entry_ms=pl.int_range(pl.len(), dtype=pl.Int64))


def divided(log: pl.DataFrame) -> Holdout | None:
    m = world.material(log)
    return hold_out(m.log, world.PARAMS.profile, 0.1, MIN_READERS)


@settings(max_examples=12, deadline=None)
@given(
    shape=st.sampled_from([bulk, one_reader, sessions, old, unknown]),
    n=st.integers(1, 1_500),
    seed=st.integers(0, 99),
)
def test_a_slice_is_found_whatever_came_last(shape, n, seed):
    log = tail_of(world.events(seed=seed), shape, n, seed)

    holdout = divided(log)

    assert holdout is not None
    assert len(holdout.users) >= MIN_READERS
    assert holdout.targets.multiply(holdout.histories != 0).nnz == 0
    assert (np.diff(holdout.targets.indptr)[holdout.users] > 0).all()
    assert (np.diff(holdout.histories.indptr)[holdout.users] > 0).all()


@pytest.mark.parametrize("whole", [at_one_instant, by_reader])
def test_a_log_of_one_instant_is_divided_by_reader(whole):
    holdout = divided(whole(world.events()))

    assert holdout is not None
    assert len(holdout.users) >= MIN_READERS


@pytest.mark.parametrize("shape", [bulk, one_reader, sessions, old, unknown])
def test_shuffled_factors_are_stopped_whatever_came_last(shape):
    material = world.material(tail_of(world.events(), shape, 400, 0))
    sound = train(material, world.PARAMS)
    order = np.random.default_rng(0).permutation(material.n_rows)
    shuffled = replace(sound, item_factors=sound.item_factors[order])
    holdout = divided(tail_of(world.events(), shape, 400, 0))

    gate = Gate(material, Means(world.ROUND.blend), MIN_READERS)
    verdict = gate.judge(shuffled, sound, holdout)

    assert not verdict.passed


def test_where_no_instant_divides_a_log_what_is_asked_for_is_no_vote_yet():
    """What was held out came before some of what was not: votes for it would foretell it."""
    log = world.events()
    held = (log["item"] == "i7").to_numpy()
    holdout = divided_by(world.material(log).log, held, world.PARAMS.profile, LATEST_OF_EACH)

    (moment,) = moments_of(holdout, world.items(), BlendParams().votes)

    assert holdout.targets[:, 7].nnz > 0
    assert moment.catalogue.votes[7] == 0
    assert 7 not in moment.liked.rows
