"""What readers did before takes off what differs between them, and nothing of what a variant does."""

import numpy as np
import pytest

from recsvc.core.experiments.history import Sample, adjusted
from recsvc.core.experiments.sequential import difference, rate

N = 400


def sample(rng: np.random.Generator, lift: float = 0.0, n: int = N) -> Sample:
    """Readers who differ much; a third of them are new."""
    taste = rng.beta(1, 4, n)
    lists, before = rng.poisson(6, n) + 1, (rng.poisson(12, n) + 1) * (rng.random(n) > 1 / 3)
    clicks = rng.binomial(lists, np.minimum(1, taste * (1 + lift)))
    clicks_before = rng.binomial(before, taste)
    return Sample(*(x.astype(float) for x in (clicks, lists, clicks_before, before)))


def plain(treated: Sample, control: Sample):
    return [rate(arm.numerators, arm.denominators) for arm in (treated, control)]


def test_it_varies_less_and_is_as_large():
    with_past, without = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        treated, control = sample(rng, 0.2), sample(rng)
        ours, theirs = adjusted(treated, control)
        with_past.append((ours.value - theirs.value, ours.variance + theirs.variance))
        ours, theirs = plain(treated, control)
        without.append((ours.value - theirs.value, ours.variance + theirs.variance))
    means, variances = np.mean(with_past, 0)[0], np.var(with_past, 0)[0]

    assert means == pytest.approx(0.2 * 0.2, abs=0.004)
    assert variances < 0.75 * np.var(without, 0)[0]
    assert np.mean(with_past, 0)[1] == pytest.approx(N * variances, rel=0.2), "it says how much"


def test_two_alike_are_called_different_as_rarely_as_is_promised():
    flagged = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        found = difference(*adjusted(sample(rng), sample(rng)))
        flagged += found.p < 0.05

    assert flagged <= 15


def test_without_a_past_it_is_what_it_was():
    rng = np.random.default_rng(1)
    nothing = np.zeros(N)
    treated, control = (Sample(*(a.numerators, a.denominators), nothing, nothing)
                        for a in (sample(rng), sample(rng)))  # fmt: skip

    assert list(adjusted(treated, control)) == plain(treated, control)
    nobody = Sample(*[np.zeros(0)] * 4)
    assert adjusted(nobody, control)[0].n == 0
