"""How often the truth is within off-policy intervals, on made-up logs: `python -m bench.off_policy`."""

import argparse

import numpy as np

from tests.core.experiments.logged import SHARE, covered

_CASES = [(200, 0.5), (500, 0.5), (1_000, 0.5), (1_000, 1.0), (1_000, 0.0)]


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    asked = parser.parse_args()
    for readers, wanted in _CASES:
        runs = [covered(np.random.default_rng(n), readers, wanted) for n in range(asked.runs)]
        shares = {name: np.mean([run[name] for run in runs]) for name in runs[0]}
        told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        print(
            f"{readers:,} readers, {SHARE:.0%} explored, {wanted:.0%} asked for: {told}", flush=True
        )


if __name__ == "__main__":
    main()
