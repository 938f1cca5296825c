"""How fast a worse model is found, and how often one as good is taken for worse: `bench.guard`.

Made-up readers of differing taste and zeal have half a list of ten places an hour each; three hours of
five days are what came before. The rate of each stretch varies by a twentieth, for everybody alike.
"""

import argparse

import numpy as np

from recsvc.core.experiments.guard import fallen
from recsvc.core.experiments.sequential import Rate, rate
from workers.training.params import GuardParams

_MINUTES = 5
_HOURS_BEFORE = 15


class Readers:
    """Readers who act on what they are shown, each by their taste."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._taste = rng.beta(1.5, 12, n)
        self._zeal = rng.gamma(1.0, 1.0, n)
        self._sums = np.zeros((2, n))

    def live(self, hours: float, goodness: float) -> None:
        """Have them served for some hours."""
        places = 10 * self._rng.poisson(self._zeal * hours / 2)
        chance = np.minimum(1, self._taste * goodness * (1 + self._rng.normal(0, 0.05)))
        self._sums += self._rng.binomial(places, chance), places

    def come(self) -> Rate:
        """Return what came of it so far."""
        acted, places = self._sums[:, self._sums[1] > 0]
        return rate(acted, places)

    def forget(self) -> None:
        """Begin to count anew."""
        self._sums = np.zeros_like(self._sums)


def minutes(n: int, fall: float, seed: int) -> int | None:
    """Return after how many minutes of an hour a model is rolled back that is worse by some share."""
    readers = Readers(n, np.random.default_rng(seed))
    for _ in range(_HOURS_BEFORE):
        readers.live(1, 1)
    before = readers.come()
    readers.forget()
    for minute in range(_MINUTES, 61, _MINUTES):
        readers.live(_MINUTES / 60, 1 - fall)
        if fallen(readers.come(), before, GuardParams().fall) is not None:
            return minute
    return None


def main() -> None:
    """Print a line for each number of readers and fall."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    asked = parser.parse_args()
    for n in (300, 1_000, 3_000, 10_000):
        for fall in (0.0, 0.2, 0.3, 0.5):
            found = [minutes(n, fall, seed) for seed in range(asked.runs)]
            hits = [one for one in found if one is not None]
            when = f", after {np.median(hits):.0f} minutes (median)" if hits else ""
            share = len(hits) / asked.runs
            print(f"{n:,} readers, {fall:.0%} worse: rolled back {share:.1%}{when}", flush=True)


if __name__ == "__main__":
    main()
