"""The gate stops what readers would be worse off with, and nothing else."""

import time
from itertools import count

import msgspec
import numpy as np
import pytest

from recsvc.clock import DAY_US, HOUR_US, SECOND_US
from recsvc.core.model.snapshot import Snapshot, Verdict
from tests.workers.training import world
from workers.training.candidate import carry_out
from workers.training.gate import Gate
from workers.training.holdout import Holdout, hold_out
from workers.training.params import AlsParams, GateParams, LearnParams
from workers.training.training import Material, train
from workers.training.trying import Means

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def material() -> Material:
    return world.material()


@pytest.fixture(scope="module")
def holdout(material: Material) -> Holdout:
    m = material
    found = hold_out(m.log, world.PARAMS.profile, 0.1)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def sound(material: Material) -> Snapshot:
    return train(material, world.PARAMS)


def judged(
    candidate: Snapshot, current: Snapshot | None, holdout: Holdout, material: Material
) -> Verdict:
    gate = Gate(material, Means(world.ROUND.blend), GateParams().min_readers)
    return gate.judge(candidate, current, holdout)


def test_the_slice_is_the_latest_tenth_and_nobody_knew_its_targets(holdout, material):
    before = material.events.filter(material.events["at_us"] < holdout.cut_us)
    after = material.events.filter(material.events["at_us"] >= holdout.cut_us)

    assert len(after) / len(material.events) == pytest.approx(0.1, abs=0.02)
    assert holdout.histories.nnz == before.select("user", "item").unique().height
    assert holdout.targets.multiply(holdout.histories).nnz == 0
    assert len(holdout.users) > 50


def test_shuffled_factors_are_stopped(sound, holdout, material):
    rng = np.random.default_rng(0)
    shuffled = replace(sound, item_factors=rng.permutation(sound.item_factors))

    verdict = judged(shuffled, sound, holdout, material)

    assert not verdict.passed
    assert verdict.reason.startswith("worse than its own trial")
    assert "personal" in verdict.reason


def test_factors_that_are_no_numbers_are_stopped(sound, holdout, material):
    broken = replace(sound, item_factors=np.full_like(sound.item_factors, np.nan))

    assert not judged(broken, None, holdout, material).passed


def test_a_slightly_better_candidate_passes(sound, holdout, material):
    barely = LearnParams(als=AlsParams(factors=3, iterations=2, threads=1))
    worse = train(material, replace(world.PARAMS, learn=barely))

    verdict = judged(sound, worse, holdout, material)

    assert verdict.passed
    assert verdict.against["served"].ours > verdict.against["served"].theirs


@pytest.mark.parametrize("behind_us", [0, SECOND_US, HOUR_US, DAY_US])
def test_what_a_model_learned_is_no_test_of_it_though_its_clock_was_behind(
    sound, holdout, material, behind_us
):
    by_another_clock = replace(material, now_us=holdout.began_us - behind_us)
    served = train(by_another_clock, world.PARAMS)

    assert judged(sound, served, holdout, material).passed


def test_with_too_few_readers_nothing_is_known_and_the_candidate_passes(material):
    few = replace(material, events=material.events.filter(material.events["user"] == "u1"))

    done = carry_out(few, None, None, world.ROUND, time.monotonic)

    verdict = done.candidate.manifest.verdict
    assert verdict is not None
    assert verdict.passed
    assert verdict.reason.startswith("too few readers")


def test_the_same_log_and_seed_make_the_same_arrays_byte_for_byte(material):
    first = carry_out(material, None, None, world.ROUND, time.monotonic).candidate
    again = carry_out(material, None, None, world.ROUND, time.monotonic).candidate

    assert first.manifest.snapshot_id != again.manifest.snapshot_id
    for name, array in first.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes(), name


def test_every_round_has_a_trial_whose_figures_are_of_what_it_had_not_seen(material):
    first = carry_out(material, None, None, world.ROUND, time.monotonic).candidate
    again = carry_out(material, first, None, world.ROUND, time.monotonic).candidate

    for verdict in (first.manifest.verdict, again.manifest.verdict):
        assert verdict is not None
        assert verdict.passed
        assert verdict.foreseen is not None
        assert verdict.foreseen < 0.5, "what was learned is ranked at 0.9"
        assert all(c.ours == verdict.foreseen for c in verdict.against.values())
    assert "popularity" in verdict.against


def test_a_round_begins_anew_once_a_reader_was_erased(material):
    first = carry_out(material, None, None, world.ROUND, time.monotonic).candidate
    left = replace(material, events=material.events.filter(material.events["user"] != "u3"))

    done = carry_out(left, first, None, world.ROUND, time.monotonic).candidate
    unheard_of = carry_out(left, None, None, world.ROUND, time.monotonic).candidate

    assert done.item_factors.tobytes() == unheard_of.item_factors.tobytes()


def test_parameters_are_searched_in_sittings_and_kept_for_the_next_round(material):
    params = replace(world.ROUND, search_s=3.0)
    many = replace(material, events=world.events(n_readers=600, each=8))
    ticks = count()

    done = carry_out(many, None, None, params, lambda: float(next(ticks)))
    first = done
    while done.found is not None and done.found.unfinished:
        assert done.found.params == world.LEARN, "nothing is taken from a search before its end"
        done = carry_out(many, None, done.found, params, lambda: float(next(ticks)))
    again = carry_out(many, None, done.found, params, lambda: float(next(ticks)))
    at_once = carry_out(many, None, None, replace(params, search_s=1e9), time.monotonic)

    assert first.found is not None
    assert 1 < first.found.n_tried <= 4
    assert done.found is not None
    assert done.found.ndcg >= done.found.ndcg_before
    assert again.found is done.found
    assert again.candidate.manifest.confidence == done.found.params.confidence
    assert at_once.found is not None
    assert at_once.found.params == done.found.params, "however fast the machine is"
    assert at_once.candidate.item_factors.tobytes() == again.candidate.item_factors.tobytes()


def test_changed_settings_are_not_overruled_by_what_was_found_before(material):
    params = replace(world.ROUND, search_s=3.0)
    ticks = count()
    many = replace(material, events=world.events(n_readers=600, each=8))
    found = carry_out(many, None, None, params, lambda: float(next(ticks))).found
    other = LearnParams(als=AlsParams(factors=8, regularization=7.0, threads=1))

    done = carry_out(
        material, None, found, replace(world.ROUND, train=replace(world.PARAMS, learn=other)),
        time.monotonic,
    )  # fmt: skip

    assert done.found is None
    assert done.candidate.manifest.regularization == 7.0
