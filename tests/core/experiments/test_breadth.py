"""How broad lists are: the same of few readers as of many, and it says how far off it may be."""

from itertools import combinations

import numpy as np
import pytest

from recsvc.core.experiments import breadth as module
from recsvc.core.experiments.breadth import SAMPLE, breadth
from recsvc.core.experiments.sequential import difference


def shown(rng: np.random.Generator, n: int, spread: float = 1.0) -> np.ndarray:
    """Return (n, 60) who was shown which item: some are shown to most."""
    chance = np.arange(1, 61) ** -spread
    return rng.random((n, 60)) < np.minimum(1, 6 * chance / chance.sum())


def of(table: np.ndarray):
    readers, items = np.nonzero(table)
    return breadth(readers, items, len(table))


def test_it_is_the_mean_over_all_samples(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SAMPLE", 3)
    table = shown(np.random.default_rng(1), 9)
    samples = [table[list(one)].any(axis=0).sum() for one in combinations(range(9), 3)]

    assert of(table).value == pytest.approx(np.mean(samples))


def test_it_does_not_grow_with_readers_and_says_how_much_it_varies():
    few, many = (
        [of(shown(np.random.default_rng(seed), n)) for seed in range(300)] for n in (100, 800)
    )
    values = np.array([one.value for one in few])

    assert values.mean() == pytest.approx(np.mean([one.value for one in many]), rel=0.01)
    told = np.mean([one.variance for one in few]) / 100
    assert told == pytest.approx(values.var(), rel=0.3)


def test_lists_alike_are_rarely_called_different_and_narrower_ones_are():
    flagged = narrower = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        control = of(shown(rng, 400))
        flagged += difference(of(shown(rng, 150)), control).p < 0.05
        narrower += difference(of(shown(rng, 150, spread=2.0)), control).high < 0

    assert flagged <= 10
    assert narrower == 200


def test_of_too_few_or_of_nobody_nothing_is_said():
    assert of(shown(np.random.default_rng(1), SAMPLE - 1)).value == 0
    assert breadth(np.empty(0, int), np.empty(0, int), 50).value == 0
