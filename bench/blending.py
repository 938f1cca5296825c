"""How often better weights of the voices are found in made-up lists: `python -m bench.blending`."""

import argparse

import numpy as np

from recsvc.errors import InvalidError
from tests.workers.loop.blended import VOICES, WANTED, earned, made
from workers.loop.blending import propose

_SIZES = [(1_000, 100), (4_000, 400)]
_SET = [np.array([0.3, 0.3, 1.0, 0.3]), np.array([0.7, 0.6, 0.5, 0.2]), np.maximum(WANTED, 1e-3)]


def main() -> None:
    """Print a line for each size and each blend in force."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    asked = parser.parse_args()
    for n_lists, n_readers in _SIZES:
        for weights in _SET:
            best, gains = 0.0, []
            for run in range(asked.runs):
                lists = made(np.random.default_rng(1_000 + run), weights, n_lists, n_readers)
                now = earned(lists, weights)
                best += (earned(lists, WANTED) / now - 1) / asked.runs
                try:
                    found = propose(lists, dict(zip(VOICES, weights.tolist(), strict=True)))
                except InvalidError:
                    continue
                gains.append(earned(lists, np.array([found.weights[v] for v in VOICES])) / now - 1)
            gain = f", truly {np.mean(gains):+.1%}, at least {min(gains):+.1%}" if gains else ""
            print(
                f"{n_lists:,} lists, {n_readers:,} readers, the best earns {best:+.1%}: "
                f"proposed in {len(gains) / asked.runs:.0%}{gain}",
                flush=True,
            )


if __name__ == "__main__":
    main()
